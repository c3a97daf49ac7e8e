//! The device.

use crate::{Error, Result};
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

/// A GPU that executors run on. Cloning shares the device.
#[derive(Clone)]
pub struct Gpu {
    pub(crate) device: wgpu::Device,
    pub(crate) queue: wgpu::Queue,
    pub(crate) traits: Traits,
    adapter: Adapter,
    troubles: Arc<Mutex<Troubles>>,
}

/// What is known about the adapter; browsers leave much of it empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Adapter {
    /// Such as `nvidia`; natively the number of the PCI vendor.
    pub vendor: String,
    /// The family of GPUs, such as `turing` or `swiftshader`; natively the driver.
    pub architecture: String,
    /// The kind of device in the vendor's words.
    pub device: String,
    /// The name for people.
    pub description: String,
}

/// What shaders should know about the device.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Traits {
    /// Whether WGSL has `dot4I8Packed`.
    pub packed_dot: bool,
    /// A CPU behind it: a few threads are enough, and waiting for each other is dear.
    pub is_cpu: bool,
}

/// What the device said outside of any call.
#[derive(Default)]
struct Troubles {
    lost: Option<String>,
    error: Option<String>,
}

impl Gpu {
    /// Asks for the fastest adapter with all that it can do. Errors: no adapter, or one that gives no device.
    pub async fn request() -> Result<Self> {
        let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
        descriptor.backends = wgpu::Backends::PRIMARY;
        let instance = wgpu::Instance::new(descriptor);
        let options = wgpu::RequestAdapterOptions {
            power_preference: wgpu::PowerPreference::HighPerformance,
            ..Default::default()
        };
        let adapter = instance
            .request_adapter(&options)
            .await
            .map_err(|error| Error::Unsupported(format!("there is no WebGPU adapter: {error}")))?;
        let descriptor = wgpu::DeviceDescriptor {
            required_features: adapter.features() & wgpu::Features::TIMESTAMP_QUERY,
            required_limits: adapter.limits(),
            ..Default::default()
        };
        let (device, queue) = adapter
            .request_device(&descriptor)
            .await
            .map_err(|error| Error::Unsupported(format!("the adapter gives no device: {error}")))?;
        let features = instance.wgsl_language_features();
        let info = adapter.get_info();
        let traits = Traits {
            packed_dot: features.contains(wgpu::WgslLanguageFeatures::Packed4x8IntegerDotProduct),
            is_cpu: info.device_type == wgpu::DeviceType::Cpu,
        };
        let troubles = Arc::new(Mutex::new(Troubles::default()));
        watch(&device, &troubles);
        let adapter = describe(&device, &info);
        Ok(Self { device, queue, traits, adapter, troubles })
    }

    /// Who made the adapter and what it is.
    pub fn adapter(&self) -> &Adapter {
        &self.adapter
    }

    /// The same device with other shaders than it would get: for tests of these.
    #[doc(hidden)]
    pub fn pretending(&self, packed_dot: bool, is_cpu: bool) -> Self {
        Self { traits: Traits { packed_dot, is_cpu }, ..self.clone() }
    }

    /// Destroys the device, as if it had been lost: for tests of what follows.
    pub fn lose(&self) {
        self.device.destroy();
        if let Ok(mut troubles) = self.troubles.lock() {
            troubles.lost.get_or_insert_with(|| "it was destroyed".into());
        }
    }

    /// An error if the device was lost or complained since the last call.
    pub(crate) fn check(&self) -> Result<()> {
        let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reason) = &troubles.lost {
            return Err(Error::DeviceLost(reason.clone()));
        }
        troubles.error.take().map_or(Ok(()), |error| Err(Error::Unsupported(error)))
    }

    /// Runs what makes objects on the device. Out of memory becomes a [`Error::Limit`] that says for `what`.
    pub(crate) async fn guarded<T>(&self, what: &str, make: impl FnOnce() -> Result<T>) -> Result<T> {
        let validation = self.device.push_error_scope(wgpu::ErrorFilter::Validation);
        let memory = self.device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let made = make();
        let (memory, validation) = (memory.pop(), validation.pop());
        let (memory, validation) = (memory.await, validation.await);
        self.check()?;
        if memory.is_some() {
            return Err(Error::Limit(format!("the device has not enough memory for {what}")));
        }
        match validation {
            Some(error) => Err(Error::Unsupported(format!("{what}: {error}"))),
            None => made,
        }
    }

    /// Lets a native device work until what was submitted is done; browsers do it by themselves.
    pub(crate) fn finish(&self) -> Result<()> {
        match self.device.poll(wgpu::PollType::wait_indefinitely()) {
            Ok(_) => Ok(()),
            Err(error) => Err(Error::DeviceLost(error.to_string())),
        }
    }
}

#[cfg(not(target_family = "wasm"))]
fn describe(_: &wgpu::Device, info: &wgpu::AdapterInfo) -> Adapter {
    Adapter {
        vendor: format!("{:#06x}", info.vendor),
        architecture: format!("{} {}", info.driver, info.driver_info).trim().into(),
        device: format!("{:?}", info.device_type),
        description: info.name.clone(),
    }
}

/// wgpu passes on the description only.
#[cfg(target_family = "wasm")]
fn describe(device: &wgpu::Device, info: &wgpu::AdapterInfo) -> Adapter {
    use js_sys::Reflect;
    let adapter =
        device.as_webgpu().and_then(|device| Reflect::get(device.as_ref(), &"adapterInfo".into()).ok());
    let field = |name: &str| {
        let value = adapter.as_ref().and_then(|adapter| Reflect::get(adapter, &name.into()).ok());
        value.and_then(|value| value.as_string()).unwrap_or_default()
    };
    Adapter {
        vendor: field("vendor"),
        architecture: field("architecture"),
        device: field("device"),
        description: info.name.clone(),
    }
}

/// Notes what the device says by itself; without this wgpu would panic.
fn watch(device: &wgpu::Device, troubles: &Arc<Mutex<Troubles>>) {
    let noted = troubles.clone();
    device.set_device_lost_callback(move |reason, message| {
        if let Ok(mut troubles) = noted.lock() {
            troubles.lost.get_or_insert_with(|| format!("{reason:?}: {message}"));
        }
    });
    let noted = troubles.clone();
    device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
        if let Ok(mut troubles) = noted.lock() {
            troubles.error = Some(error.to_string());
        }
    }));
}

/// A future and the function that ends it.
pub(crate) fn promise<T: Send + 'static>() -> (impl FnOnce(T) + Send + 'static, impl Future<Output = T>) {
    struct State<T> {
        value: Option<T>,
        waker: Option<std::task::Waker>,
    }
    let state = Arc::new(Mutex::new(State { value: None, waker: None }));
    let kept = state.clone();
    let end = move |value| {
        let mut state = kept.lock().unwrap_or_else(PoisonError::into_inner);
        state.value = Some(value);
        if let Some(waker) = state.waker.take() {
            waker.wake();
        }
    };
    let future = std::future::poll_fn(move |context| {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        match state.value.take() {
            Some(value) => std::task::Poll::Ready(value),
            None => {
                state.waker = Some(context.waker().clone());
                std::task::Poll::Pending
            }
        }
    });
    (end, future)
}

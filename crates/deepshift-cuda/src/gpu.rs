//! The device.

use crate::{Error, Result};
use cust::context::{Context, CurrentContext};
use cust::device::{Device, DeviceAttribute};
use cust::error::CudaError;
use cust::function::Function;
use cust::module::Module;
use cust::stream::{Stream, StreamFlags};
use deepshift_kernels_cuda as kernels;
use std::sync::Arc;

/// A GPU that executors run on. Cloning shares the device.
#[derive(Clone)]
pub struct Gpu(Arc<Inner>);

struct Inner {
    modules: Vec<Module>,
    stream: Stream,
    context: Context,
    name: String,
    processors: usize,
}

/// What the kernels need: tensor cores that multiply i8 with `mma.sync`.
const LEAST_CAPABILITY: (i32, i32) = (8, 0);

impl Gpu {
    /// The GPU with this number, counted from 0, with all kernels compiled by its driver. Errors: no driver, no such GPU,
    /// one that is too old.
    pub fn new(ordinal: u32) -> Result<Self> {
        deepshift_cuda_driver::find_driver().map_err(|error| Error::Unsupported(error.into()))?;
        let device = cust::init(cust::CudaFlags::empty()).and_then(|()| Device::get_device(ordinal));
        // Results that cust does not know, such as that of a driver changed while it runs, are all "unknown error".
        let device = device.map_err(|error| {
            Error::Unsupported(format!("there is no CUDA device {ordinal}: {error}; nvidia-smi may say more"))
        })?;
        let name = device.name()?;
        let capability = (
            device.get_attribute(DeviceAttribute::ComputeCapabilityMajor)?,
            device.get_attribute(DeviceAttribute::ComputeCapabilityMinor)?,
        );
        if capability < LEAST_CAPABILITY {
            let (major, minor) = capability;
            return Err(Error::Unsupported(format!(
                "{name} has compute capability {major}.{minor}, and the kernels need 8.0: use the CPU or WebGPU"
            )));
        }
        let context = Context::new(device)?;
        let modules = [kernels::LAYERS, kernels::OPERATIONS, kernels::TENSOR]
            .into_iter()
            .map(|text| {
                Module::from_ptx(text, &[]).map_err(|error| match error {
                    CudaError::OutOfMemory => error.into(),
                    // A driver older than the kernels' PTX answers with a result that cust does not know.
                    _ => Error::Unsupported(format!(
                        "the driver of {name} cannot compile the kernels: {error}"
                    )),
                })
            })
            .collect::<Result<_>>()?;
        let stream = Stream::new(StreamFlags::DEFAULT, None)?;
        let processors = device.get_attribute(DeviceAttribute::MultiprocessorCount)?.max(1) as usize;
        Ok(Self(Arc::new(Inner { modules, stream, context, name, processors })))
    }

    /// The name that its maker gave it.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Makes the device current for this thread, which CUDA wants before anything else is done.
    pub(crate) fn enter(&self) -> Result<()> {
        Ok(CurrentContext::set_current(&self.0.context)?)
    }

    /// Processors, each of which runs several blocks.
    pub(crate) fn processors(&self) -> usize {
        self.0.processors
    }

    pub(crate) fn stream(&self) -> &Stream {
        &self.0.stream
    }

    pub(crate) fn function(&self, name: &str) -> Result<Function<'_>> {
        let found = self.0.modules.iter().find_map(|module| module.get_function(name).ok());
        found.ok_or_else(|| Error::Unsupported(format!("there is no kernel {name}: run scripts/build/ptx")))
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Nothing could be done about an error; what is not freed goes with the process.
        let _ = CurrentContext::set_current(&self.context);
    }
}

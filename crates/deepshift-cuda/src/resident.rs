//! A network on the device: weights, memory for values, and launches that every run of so many pictures repeats.

use crate::launch::{Addresses, Launch, WORKSPACE_BYTES, launch};
use crate::{Error, Gpu, Result};
use cust::event::{Event, EventFlags};
use cust::function::Function;
use cust::memory::{CopyDestination, DeviceBuffer};
use cust::stream::Stream;
use deepshift_lowering::{Network, Shared};
use std::ffi::c_void;

pub struct Resident {
    network: Network,
    constants: Vec<DeviceBuffer<u8>>,
    /// Which values share memory, and the memory, for up to so many pictures.
    shared: Shared,
    memory: Vec<DeviceBuffer<u8>>,
    capacity: usize,
    /// Zeros between launches, for as many tiles as [`shared_tiles`].
    workspace: DeviceBuffer<u8>,
    /// Pictures that go through the network together, at most.
    batch: usize,
    /// Launches by their number of pictures, in the order of the operations.
    recordings: Vec<(usize, Vec<Step>)>,
    /// Holds the functions that steps launch.
    gpu: Gpu,
}

/// The launch of one operation.
struct Step {
    function: Function<'static>,
    launch: Launch,
}

/// Pictures of a batch, and bytes of its largest value.
const MAX_BATCH: usize = 128;
const MAX_BATCH_BYTES: usize = 256 << 20;

/// Kernels count quads and words of all pictures in 32 bits.
const MAX_VALUE_BYTES: u64 = 1 << 31;

/// Each operation is timed so often. None reads what it writes, so that the results stay.
const REPETITIONS: u32 = 8;

/// Numbers of pictures that stay recorded.
const MAX_RECORDINGS: usize = 8;

impl Resident {
    /// Uploads the weights and reserves memory for one picture. Errors: not enough memory.
    pub fn new(gpu: &Gpu, mut network: Network) -> Result<Self> {
        let constants = std::mem::take(&mut network.constants);
        let constants = constants.iter().map(|bytes| Ok(DeviceBuffer::from_slice(bytes)?));
        let largest = network.values.iter().map(|value| value.bytes()).max().unwrap_or(1);
        let mut resident = Self {
            constants: constants.collect::<Result<_>>()?,
            shared: Shared::default(),
            memory: Vec::new(),
            capacity: 0,
            workspace: DeviceBuffer::zeroed(shared_tiles(gpu) * WORKSPACE_BYTES)?,
            batch: (MAX_BATCH_BYTES / largest.max(1)).clamp(1, MAX_BATCH),
            recordings: Vec::new(),
            gpu: gpu.clone(),
            network,
        };
        resident.recorded(1)?;
        Ok(resident)
    }

    /// Makes the device current for this thread.
    pub fn enter(&self) -> Result<()> {
        self.gpu.enter()
    }

    pub fn network(&self) -> &Network {
        &self.network
    }

    /// How many of so many pictures go through the network together: fewer where the device has not enough memory. They
    /// are recorded afterwards. Errors: not enough memory for a single one.
    pub fn fitting(&mut self, pictures: usize) -> Result<usize> {
        loop {
            let count = self.batch.min(pictures);
            match self.recorded(count) {
                Err(Error::Limit(_)) if count > 1 => self.batch = count.div_ceil(2),
                Err(error) => return Err(error),
                Ok(_) => return Ok(count),
            }
        }
    }

    /// The values of the output for these inputs.
    pub fn run(&mut self, quads: &[u8], pictures: usize) -> Result<Vec<u8>> {
        let recording = self.recorded(pictures)?;
        self.memory[self.shared.buffer_of[self.network.input]].index(0..quads.len()).copy_from(quads)?;
        self.recordings[recording].1.iter().try_for_each(|step| step.queue(&self.gpu))?;
        let mut values = vec![0; self.network.values[self.network.output].bytes() * pictures];
        let output = &self.memory[self.shared.buffer_of[self.network.output]];
        // Waits for what was queued.
        output.index(0..values.len()).copy_to(&mut values)?;
        Ok(values)
    }

    /// Milliseconds of each operation on the device's clock, for so many of the pictures that ran last.
    pub fn times(&mut self, pictures: usize) -> Result<Vec<f64>> {
        let recording = self.recorded(pictures)?;
        let mut events = vec![event(self.gpu.stream())?];
        for step in &self.recordings[recording].1 {
            (0..REPETITIONS).try_for_each(|_| step.queue(&self.gpu))?;
            events.push(event(self.gpu.stream())?);
        }
        self.gpu.stream().synchronize()?;
        let pairs = events.windows(2);
        pairs
            .map(|pair| Ok(f64::from(pair[1].elapsed_time_f32(&pair[0])?) / f64::from(REPETITIONS)))
            .collect()
    }

    /// The recording for so many pictures, made where there is none.
    fn recorded(&mut self, pictures: usize) -> Result<usize> {
        if let Some(index) = self.recordings.iter().position(|&(count, _)| count == pictures) {
            return Ok(index);
        }
        if pictures > self.capacity {
            self.reserve(pictures)?;
        }
        if self.recordings.len() >= MAX_RECORDINGS {
            self.recordings.remove(0);
        }
        let value = |value: usize| self.memory[self.shared.buffer_of[value]].as_device_ptr().as_raw();
        let constant = |constant: usize| self.constants[constant].as_device_ptr().as_raw();
        let addresses = Addresses {
            value: &value,
            constant: &constant,
            workspace: self.workspace.as_device_ptr().as_raw(),
            shared_tiles: shared_tiles(&self.gpu),
        };
        let operations = self.network.operations.iter();
        let launches = operations.map(|operation| launch(&self.network, operation, &addresses, pictures));
        let steps = launches.map(|launch| Step::new(&self.gpu, launch)).collect::<Result<_>>()?;
        self.recordings.push((pictures, steps));
        Ok(self.recordings.len() - 1)
    }

    /// Memory for so many pictures instead of what there was.
    fn reserve(&mut self, pictures: usize) -> Result<()> {
        self.recordings.clear();
        self.memory.clear();
        self.capacity = 0;
        self.shared = Shared::new(&self.network, pictures);
        for &bytes in &self.shared.sizes {
            if bytes > MAX_VALUE_BYTES {
                return Err(Error::Limit(format!(
                    "a value of the model has {bytes} bytes, and the kernels take {MAX_VALUE_BYTES}"
                )));
            }
            // SAFETY: an operation writes each value, and the host the input, before anything reads it.
            self.memory.push(unsafe { DeviceBuffer::uninitialized(bytes as usize)? });
        }
        self.capacity = pictures;
        Ok(())
    }
}

/// Layers with more tiles than half the processors keep them busy without sharing tiles.
fn shared_tiles(gpu: &Gpu) -> usize {
    gpu.processors().div_ceil(2)
}

impl Drop for Resident {
    fn drop(&mut self) {
        // Memory is freed on this thread; nothing could be done about an error.
        let _ = self.gpu.enter();
    }
}

impl Step {
    fn new(gpu: &Gpu, launch: Launch) -> Result<Self> {
        let function = gpu.function(&launch.kernel)?;
        // SAFETY: the function lives as long as its module, which the `Gpu` of the `Resident` holds.
        let function = unsafe { std::mem::transmute::<Function<'_>, Function<'static>>(function) };
        Ok(Self { function, launch })
    }

    fn queue(&self, gpu: &Gpu) -> Result<()> {
        let Self { function, launch } = self;
        if launch.blocks.0 == 0 {
            return Ok(());
        }
        let addresses = launch.addresses.iter().map(|address| std::ptr::from_ref(address).cast_mut().cast());
        let arguments: Vec<*mut c_void> = addresses.chain([launch.parameters.address()]).collect();
        // SAFETY: the arguments are those that the kernel declares: addresses of its result, operands and weights, all on
        // the device and as large as `Network` says, then its struct.
        unsafe { gpu.stream().launch(function, launch.blocks, launch.threads, 0, &arguments)? };
        Ok(())
    }
}

fn event(stream: &Stream) -> Result<Event> {
    let event = Event::new(EventFlags::DEFAULT)?;
    event.record(stream)?;
    Ok(event)
}

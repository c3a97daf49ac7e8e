//! A network made ready for a number of pictures: memory and launches, repeated for every run.

use crate::launch::{Launch, Memory, launch};
use crate::{Error, Gpu, Result};
use cust::function::Function;
use cust::memory::{CopyDestination, DeviceBuffer};
use deepshift_lowering::{Network, Shared};
use std::ffi::c_void;

/// All that a run needs.
pub struct Recording {
    /// In the order of the operations.
    steps: Vec<Step>,
    memory: Vec<DeviceBuffer<u8>>,
    input: usize,
    output: usize,
    output_bytes: usize,
    /// Holds the functions.
    gpu: Gpu,
}

/// The launch of one operation.
struct Step {
    function: Function<'static>,
    launch: Launch,
}

/// Kernels count quads and words of all pictures in 32 bits.
const MAX_VALUE_BYTES: u64 = 1 << 31;

impl Recording {
    /// Reserves memory and works the launches out. Errors: not enough memory.
    pub fn new(
        gpu: &Gpu,
        network: &Network,
        constants: &[DeviceBuffer<u8>],
        pictures: usize,
    ) -> Result<Self> {
        let shared = Shared::new(network, pictures);
        let memory = shared.sizes.iter().map(|&size| reserved(size)).collect::<Result<Vec<_>>>()?;
        let value = |value: usize| memory[shared.buffer_of[value]].as_device_ptr().as_raw();
        let constant = |constant: usize| constants[constant].as_device_ptr().as_raw();
        let addresses = Memory { value: &value, constant: &constant };
        let steps = network
            .operations
            .iter()
            .map(|operation| Step::new(gpu, launch(network, operation, &addresses, pictures)))
            .collect::<Result<_>>()?;
        Ok(Self {
            steps,
            input: shared.buffer_of[network.input],
            output: shared.buffer_of[network.output],
            output_bytes: network.values[network.output].bytes() * pictures,
            memory,
            gpu: gpu.clone(),
        })
    }

    /// Copies the inputs to the device.
    pub fn write(&mut self, quads: &[u8]) -> Result<()> {
        let mut input = self.memory[self.input].index(0..quads.len());
        Ok(input.copy_from(quads)?)
    }

    /// Queues every operation.
    pub fn run(&self) -> Result<()> {
        (0..self.steps.len()).try_for_each(|operation| self.queue(operation))
    }

    /// Queues one operation.
    pub fn queue(&self, operation: usize) -> Result<()> {
        let Step { function, launch } = &self.steps[operation];
        if launch.blocks == 0 {
            return Ok(());
        }
        let addresses = launch.addresses.iter().map(|address| std::ptr::from_ref(address).cast_mut().cast());
        let arguments: Vec<*mut c_void> = addresses.chain([launch.parameters.address()]).collect();
        // SAFETY: the arguments are those that the kernel declares: addresses of its result, operands and weights, all on
        // the device and as large as `Network` says, then its struct.
        unsafe { self.gpu.stream().launch(function, launch.blocks, launch.threads, 0, &arguments)? };
        Ok(())
    }

    /// Waits, and gives the output's values back.
    pub fn read(&self) -> Result<Vec<u8>> {
        self.gpu.stream().synchronize()?;
        let mut quads = vec![0; self.output_bytes];
        self.memory[self.output].index(0..self.output_bytes).copy_to(&mut quads)?;
        Ok(quads)
    }
}

impl Step {
    fn new(gpu: &Gpu, launch: Launch) -> Result<Self> {
        let function = gpu.function(launch.kernel)?;
        // SAFETY: the function lives as long as its module, which the recording's `Gpu` holds.
        let function = unsafe { std::mem::transmute::<Function<'_>, Function<'static>>(function) };
        Ok(Self { function, launch })
    }
}

/// Memory of so many bytes; nothing reads it before an operation has written it.
fn reserved(bytes: u64) -> Result<DeviceBuffer<u8>> {
    if bytes > MAX_VALUE_BYTES {
        return Err(Error::Limit(format!("the model has a value of {bytes} bytes, and kernels take 2^31")));
    }
    // SAFETY: an operation writes each value, and the host the input, before anything reads it.
    Ok(unsafe { DeviceBuffer::uninitialized(bytes as usize)? })
}

//! The way in: a device, a model, options, inputs, logits.

use crate::record::Recording;
use crate::{Gpu, Result};
use cust::event::{Event, EventFlags};
use cust::memory::DeviceBuffer;
use deepshift_core::{Input, Kernel, Mode, Model};
use deepshift_lowering::{Entry, Exit, LayerTime, Network};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How a model is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// Float or integer arithmetic.
    pub mode: Mode,
    /// How layers multiply by powers of two.
    pub kernel: Kernel,
}

/// A model on a device.
pub struct Executor {
    network: Network,
    constants: Vec<DeviceBuffer<u8>>,
    entry: Entry,
    exit: Exit,
    input_shape: Vec<usize>,
    /// Pictures that go through the network together, at most.
    batch: usize,
    /// By their number of pictures; who has them has the device's memory for a run.
    recordings: Mutex<Vec<(usize, Recording)>>,
    gpu: Gpu,
}

/// Pictures of a batch, and bytes of its largest value.
const MAX_BATCH: usize = 128;
const MAX_VALUE_BYTES: usize = 256 << 20;

/// Numbers of pictures that stay recorded: single ones, whole batches and a remainder.
const MAX_RECORDINGS: usize = 3;

/// Each operation is timed so often. None reads what it writes, so that the results stay.
const REPETITIONS: u32 = 8;

impl Executor {
    /// Checks the model and uploads its weights. Errors: a model that does not hold together, a mode that the file or the
    /// kernel has not, not enough memory, a device that failed.
    pub fn new(gpu: &Gpu, model: &Model, options: Options) -> Result<Self> {
        gpu.enter()?;
        model.check()?;
        let Options { mode, kernel } = options;
        let mut network = deepshift_lowering::network(model, mode, kernel)?;
        let constants = std::mem::take(&mut network.constants);
        let largest = network.values.iter().map(|value| value.bytes()).max().unwrap_or(1);
        let executor = Self {
            entry: Entry::new(model, mode)?,
            exit: Exit::new(model, mode, &network)?,
            network,
            constants: constants
                .iter()
                .map(|bytes| DeviceBuffer::from_slice(bytes))
                .collect::<std::result::Result<_, _>>()?,
            input_shape: model.graph.input_shape().to_vec(),
            batch: (MAX_VALUE_BYTES / largest.max(1)).clamp(1, MAX_BATCH),
            recordings: Mutex::default(),
            gpu: gpu.clone(),
        };
        executor.recorded(&mut executor.recordings(), 1)?;
        Ok(executor)
    }

    /// Logits of each input, one after the other in the graph's order: in integer mode the reference interpreter's to
    /// the bit. Runs on several threads wait for each other. Errors: an input that does not fit, not enough memory, a
    /// device that failed.
    pub fn run(&self, input: Input<'_>) -> Result<Vec<f32>> {
        self.gpu.enter()?;
        let pictures = input.count(&self.input_shape)?;
        let mut logits = Vec::new();
        let mut first = 0;
        while first < pictures {
            let count = self.batch.min(pictures - first);
            logits.extend(self.run_batch(self.part(input, first, count), count)?);
            first += count;
        }
        Ok(logits)
    }

    fn run_batch(&self, input: Input<'_>, pictures: usize) -> Result<Vec<f32>> {
        let quads = self.entry.quads(input)?;
        let mut recordings = self.recordings();
        let recording = self.recorded(&mut recordings, pictures)?;
        recording.write(&quads)?;
        recording.run()?;
        Ok(self.exit.logits(&recording.read()?))
    }

    /// Times of all nodes that compute something, in the order of computation, for one batch of these pictures, as the
    /// device's clock has them. Errors as those of [`run`](Self::run).
    pub fn layer_times(&self, input: Input<'_>) -> Result<Vec<LayerTime>> {
        // Uploads the input and warms everything up.
        self.run(input)?;
        let pictures = input.count(&self.input_shape)?.clamp(1, self.batch);
        let mut recordings = self.recordings();
        let recording = self.recorded(&mut recordings, pictures)?;
        let stream = self.gpu.stream();
        let mut events = vec![event(stream)?];
        for operation in 0..self.network.operations.len() {
            (0..REPETITIONS).try_for_each(|_| recording.queue(operation))?;
            events.push(event(stream)?);
        }
        stream.synchronize()?;
        let times = events
            .windows(2)
            .map(|pair| Ok(f64::from(pair[1].elapsed_time_f32(&pair[0])?) / f64::from(REPETITIONS)))
            .collect::<Result<Vec<_>>>()?;
        Ok(LayerTime::of_operations(&self.network, times))
    }

    /// What runs so many pictures, recorded where it is not yet.
    fn recorded<'a>(
        &self,
        recordings: &'a mut Vec<(usize, Recording)>,
        pictures: usize,
    ) -> Result<&'a mut Recording> {
        let known = recordings.iter().position(|&(count, _)| count == pictures);
        let index = match known {
            Some(index) => index,
            None => {
                if recordings.len() >= MAX_RECORDINGS {
                    recordings.retain(|&(count, _)| count == 1 || count == self.batch);
                }
                recordings
                    .push((pictures, Recording::new(&self.gpu, &self.network, &self.constants, pictures)?));
                recordings.len() - 1
            }
        };
        Ok(&mut recordings[index].1)
    }

    fn recordings(&self) -> MutexGuard<'_, Vec<(usize, Recording)>> {
        self.recordings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn part<'a>(&self, input: Input<'a>, first: usize, count: usize) -> Input<'a> {
        let each: usize = self.input_shape.iter().product();
        let range = first * each..(first + count) * each;
        match input {
            Input::Pictures(bytes) => Input::Pictures(&bytes[range]),
            Input::Values(values) => Input::Values(&values[range]),
        }
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        // Memory is freed on this thread; nothing could be done about an error.
        let _ = self.gpu.enter();
    }
}

fn event(stream: &cust::stream::Stream) -> Result<Event> {
    let event = Event::new(EventFlags::DEFAULT)?;
    event.record(stream)?;
    Ok(event)
}

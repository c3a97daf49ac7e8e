//! The way in: a device, a model, options, inputs, logits.

use crate::resident::Resident;
use crate::{Gpu, Result};
use cust::event::{Event, EventFlags};
use deepshift_core::{Input, Kernel, Mode, Model};
use deepshift_lowering::{Entry, Exit, LayerTime};
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
    entry: Entry,
    exit: Exit,
    input_shape: Vec<usize>,
    /// Who has it has the device's memory for a run.
    resident: Mutex<Resident>,
    gpu: Gpu,
}

/// Each operation is timed so often. None reads what it writes, so that the results stay.
const REPETITIONS: u32 = 8;

impl Executor {
    /// Checks the model and uploads its weights. Errors: a model that does not hold together, a mode that the file or the
    /// kernel has not, not enough memory, a device that failed.
    pub fn new(gpu: &Gpu, model: &Model, options: Options) -> Result<Self> {
        gpu.enter()?;
        model.check()?;
        let Options { mode, kernel } = options;
        let network = deepshift_lowering::network(model, mode, kernel)?;
        Ok(Self {
            entry: Entry::new(model, mode)?,
            exit: Exit::new(model, mode, &network)?,
            input_shape: model.graph.input_shape().to_vec(),
            resident: Mutex::new(Resident::new(gpu, network)?),
            gpu: gpu.clone(),
        })
    }

    /// Logits of each input, one after the other in the graph's order: in integer mode the reference interpreter's to
    /// the bit. Runs on several threads wait for each other. Errors: an input that does not fit, not enough memory, a
    /// device that failed.
    pub fn run(&self, input: Input<'_>) -> Result<Vec<f32>> {
        self.gpu.enter()?;
        let pictures = input.count(&self.input_shape)?;
        let each = self.input_shape.iter().product();
        let mut resident = self.resident();
        let mut logits = Vec::new();
        let mut first = 0;
        while first < pictures {
            let count = resident.fitting(pictures - first)?;
            let quads = self.entry.quads(input.part(first, count, each))?;
            logits.extend(self.exit.logits(&resident.run(&quads, count)?));
            first += count;
        }
        Ok(logits)
    }

    /// Times of all nodes that compute something, in the order of computation, for one batch of these pictures, as the
    /// device's clock has them. Errors as those of [`run`](Self::run).
    pub fn layer_times(&self, input: Input<'_>) -> Result<Vec<LayerTime>> {
        // Uploads the input and warms everything up.
        self.run(input)?;
        let mut resident = self.resident();
        let pictures = resident.fitting(input.count(&self.input_shape)?.max(1))?;
        let stream = self.gpu.stream();
        let mut events = vec![event(stream)?];
        for operation in 0..resident.network().operations.len() {
            (0..REPETITIONS).try_for_each(|_| resident.queue(operation, pictures))?;
            events.push(event(stream)?);
        }
        stream.synchronize()?;
        let times = events
            .windows(2)
            .map(|pair| Ok(f64::from(pair[1].elapsed_time_f32(&pair[0])?) / f64::from(REPETITIONS)))
            .collect::<Result<Vec<_>>>()?;
        Ok(LayerTime::of_operations(resident.network(), times))
    }

    fn resident(&self) -> MutexGuard<'_, Resident> {
        self.resident.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn event(stream: &cust::stream::Stream) -> Result<Event> {
    let event = Event::new(EventFlags::DEFAULT)?;
    event.record(stream)?;
    Ok(event)
}

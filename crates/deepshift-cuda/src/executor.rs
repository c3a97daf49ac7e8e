//! The way in: a device, a model, options, inputs, logits.

use crate::resident::Resident;
use crate::{Gpu, Result};
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
}

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
        })
    }

    /// Logits of each input, one after the other in the graph's order: in integer mode the reference interpreter's to
    /// the bit. Runs on several threads wait for each other. Errors: an input that does not fit, not enough memory, a
    /// device that failed.
    pub fn run(&self, input: Input<'_>) -> Result<Vec<f32>> {
        let pictures = input.count(&self.input_shape)?;
        let each = self.input_shape.iter().product();
        let mut resident = self.resident()?;
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
        let mut resident = self.resident()?;
        let pictures = resident.fitting(input.count(&self.input_shape)?.max(1))?;
        let times = resident.times(pictures)?;
        Ok(LayerTime::of_operations(resident.network(), times))
    }

    /// The network, with its device current for this thread.
    fn resident(&self) -> Result<MutexGuard<'_, Resident>> {
        let resident = self.resident.lock().unwrap_or_else(PoisonError::into_inner);
        resident.enter()?;
        Ok(resident)
    }
}

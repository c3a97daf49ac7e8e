//! The way in: a model, options, inputs, logits.

use crate::context::Context;
use crate::float::FloatExecutor;
use crate::integer::IntegerExecutor;
use crate::isa::{choose, from_environment};
use crate::kernels::Kernels;
use crate::options::Options;
use crate::workers::Workers;
use crate::{Isa, Result};
use deepshift_core::{Input, Mode, Model};
use std::sync::Mutex;

/// A model made ready for this CPU: weights packed, kernels chosen.
pub struct Executor {
    network: Network,
    kernels: Kernels,
    workers: Workers,
    /// Of the nodes of the graph that runs.
    names: Vec<String>,
    input_shape: Vec<usize>,
    logits: usize,
}

enum Network {
    Float(FloatExecutor),
    Integer(IntegerExecutor),
}

impl Network {
    /// Fills `logits` with as many pictures as it holds; `after` gets the index of each node that was computed.
    fn run(
        &self,
        context: Context,
        input: Input,
        logits: &mut [f32],
        after: &mut dyn FnMut(usize),
    ) -> Result<()> {
        match self {
            Self::Float(network) => network.run(context, input, logits, after),
            Self::Integer(network) => network.run(context, input, logits, after),
        }
    }
}

/// Pictures that go through the network together, at most: enough for linear layers to use each weight often.
const MAX_CHUNK: usize = 16;

/// A chunk has fewer pictures where a node would get more elements than this.
const CHUNK_ELEMENTS: usize = 1 << 20;

impl Executor {
    /// Checks the model, chooses kernels and packs the weights. Errors: a model that does not hold together, a mode
    /// that the file or the kernel has not, an instruction set that this CPU has not, no threads.
    pub fn new(model: &Model, options: Options) -> Result<Self> {
        model.check()?;
        let asked = options.isa.map_or_else(from_environment, |isa| Ok(Some(isa)))?;
        let kernels = choose(asked)?;
        let network = match options.mode {
            Mode::Float => Network::Float(FloatExecutor::new(model, options.kernel)?),
            Mode::Integer => Network::Integer(IntegerExecutor::new(model, options.kernel, kernels)?),
        };
        let shapes = model.graph.shapes()?;
        Ok(Self {
            network,
            kernels,
            workers: Workers::new(options.threads)?,
            names: names(model, options.mode),
            input_shape: model.graph.input_shape().to_vec(),
            logits: shapes[model.graph.logits()].iter().product(),
        })
    }

    /// The instruction set that runs.
    pub fn isa(&self) -> Isa {
        self.kernels.isa()
    }

    /// Logits of each input, one after the other in the graph's order. They do not depend on the number of threads;
    /// in integer mode they are the reference interpreter's to the bit, and no input influences another's.
    pub fn run(&self, input: Input) -> Result<Vec<f32>> {
        let pictures = input.count(&self.input_shape)?;
        let mut logits = vec![0.0; pictures * self.logits];
        self.workers.install(|| self.run_chunks(input, &mut logits))?;
        Ok(logits)
    }

    /// [`run`](Self::run) on the calling thread alone and with all inputs at once, so that a caller can time the parts:
    /// `after(name)` is called when the node of this name has been computed, in the order of computation. A max pooling
    /// that is part of the layer before it is not called.
    pub fn run_observed(&self, input: Input, after: &mut dyn FnMut(&str)) -> Result<Vec<f32>> {
        let pictures = input.count(&self.input_shape)?;
        let mut logits = vec![0.0; pictures * self.logits];
        let context = Context { kernels: self.kernels, parallel: false };
        self.network.run(context, input, &mut logits, &mut |node| after(&self.names[node]))?;
        Ok(logits)
    }

    fn run_chunks(&self, input: Input, logits: &mut [f32]) -> Result<()> {
        let each = self.input_shape.iter().product();
        let chunk = self.chunk();
        let threads = self.workers.count();
        let chunks = logits.len().div_ceil(chunk * self.logits);
        // With enough chunks for all threads each takes whole ones; otherwise they share each operation.
        let apart = threads > 1 && chunks >= threads;
        let context = Context { kernels: self.kernels, parallel: threads > 1 && !apart };
        let failure = Mutex::new(None);
        crate::workers::for_each_block(apart, logits, chunk * self.logits, |_: &mut (), index, logits| {
            let pictures = logits.len() / self.logits;
            let input = input.part(index * chunk, pictures, each);
            let result = self.network.run(context, input, logits, &mut |_| ());
            if let (Err(error), Ok(mut failure)) = (result, failure.lock()) {
                *failure = Some(error);
            }
        });
        failure.into_inner().ok().flatten().map_or(Ok(()), Err)
    }

    /// Does not depend on the number of threads, because in float mode it decides about the order of sums.
    fn chunk(&self) -> usize {
        let largest = match &self.network {
            Network::Float(network) => network.largest_node(),
            Network::Integer(network) => network.largest_node(),
        };
        (CHUNK_ELEMENTS / largest.max(1)).clamp(1, MAX_CHUNK)
    }
}

fn names(model: &Model, mode: Mode) -> Vec<String> {
    match (&model.integer, mode) {
        (Some(network), Mode::Integer) => network.nodes.iter().map(|node| node.name.clone()).collect(),
        _ => model.graph.nodes.iter().map(|node| node.name.clone()).collect(),
    }
}

//! Networks on the CPU for JavaScript. Built three times, because wasm cannot choose instructions at run time: without
//! SIMD, with SIMD128, with relaxed SIMD (`scripts/build/wasm`).
//!
//! Every failure is thrown as an `Error` whose `code` is `bad-file`, `bad-argument`, `limit` or `unsupported`.

use deepshift_core::{Input, Mode, Model, Preprocessing};
use deepshift_cpu::{Executor, Options};
use deepshift_wasm_error::{Error, Result};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// Milliseconds since the page was opened.
    #[wasm_bindgen(js_namespace = performance)]
    fn now() -> f64;

    /// What is told how long each node took.
    pub type LayerTimes;

    /// Milliseconds of the node that was computed after those before.
    #[wasm_bindgen(method, structural)]
    fn add(this: &LayerTimes, name: &str, milliseconds: f64);
}

/// A network ready to run on one thread.
#[wasm_bindgen]
pub struct Network {
    executor: Executor,
    preprocessing: Option<Preprocessing>,
    input_shape: Vec<usize>,
    mode: Mode,
}

#[wasm_bindgen]
impl Network {
    /// Reads a `.dshift` file and packs its weights. `mode` is `float`, `integer` or `auto`, integer where the file
    /// has it; `kernel` is `dot`, `shift` or `naive-multiply`; `work_limit` is how many steps a picture may take
    /// ([`Model::WORK_LIMIT`] where none is given, any number with infinity).
    #[wasm_bindgen(constructor)]
    pub fn new(file: &[u8], mode: &str, kernel: &str, work_limit: Option<f64>) -> Result<Self> {
        Self::make(file, mode, kernel, work_limit).map_err(thrown)
    }

    /// `float` or `integer`.
    #[wasm_bindgen(getter)]
    pub fn mode(&self) -> String {
        self.mode.to_string()
    }

    /// `wasm-scalar`, `wasm-simd128` or `wasm-relaxed-simd`.
    #[wasm_bindgen(getter)]
    pub fn device(&self) -> String {
        let isa = self.executor.isa().to_string();
        if isa.starts_with("wasm") { isa } else { format!("wasm-{isa}") }
    }

    /// One picture, RGBA row by row, as the file's preprocessing wants it: `[channels, height, width]`.
    pub fn pictures(&self, rgba: &[u8], width: u32, height: u32) -> Result<Vec<u8>> {
        let preprocessing = self.preprocessing.as_ref().ok_or_else(|| {
            Error::argument("the file does not say how a picture becomes its input: give f32 values")
        })?;
        let picture = preprocessing.picture(rgba, width as usize, height as usize, &self.input_shape);
        picture.map_err(|error| thrown(error.into()))
    }

    /// Logits of pictures `[n, channels, height, width]`, one picture after the other.
    pub fn run_pictures(&self, bytes: &[u8]) -> Result<Vec<f32>> {
        self.executor.run(Input::Pictures(bytes)).map_err(thrown)
    }

    /// Logits of inputs as the network takes them.
    pub fn run_values(&self, values: &[f32]) -> Result<Vec<f32>> {
        self.executor.run(Input::Values(values)).map_err(thrown)
    }

    /// Tells how long each node takes for these pictures, in the order of computation.
    pub fn layer_times(&self, bytes: &[u8], times: &LayerTimes) -> Result<()> {
        let mut start = now();
        let observed = self.executor.run_observed(Input::Pictures(bytes), &mut |name| {
            times.add(name, now() - start);
            start = now();
        });
        observed.map(drop).map_err(thrown)
    }
}

impl Network {
    fn make(file: &[u8], mode: &str, kernel: &str, work_limit: Option<f64>) -> deepshift_cpu::Result<Self> {
        let kernel = kernel.parse()?;
        let model = Model::from_bytes(file)?;
        let mode = if mode == "auto" { model.best_mode() } else { mode.parse()? };
        model.check_work(mode, work_limit.map_or(Model::WORK_LIMIT, |limit| limit as u64))?;
        let executor = Executor::new(&model, Options { mode, kernel, ..Options::default() })?;
        let input_shape = model.graph.input_shape().to_vec();
        Ok(Self { executor, preprocessing: model.preprocessing, input_shape, mode })
    }
}

fn thrown(error: deepshift_cpu::Error) -> Error {
    Error::new(error.code(), error)
}

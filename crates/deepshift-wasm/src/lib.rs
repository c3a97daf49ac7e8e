//! Networks on the CPU for JavaScript. Built three times, because wasm cannot choose instructions at run time: without
//! SIMD, with SIMD128, with relaxed SIMD (`scripts/wasm`).
//!
//! Every failure is thrown as an `Error` whose `code` is `bad-file`, `bad-argument`, `limit` or `unsupported`.

mod error;

use deepshift_core::report::Report;
use deepshift_core::{Input, Model, Preprocessing};
use deepshift_cpu::{Executor, Options};
use error::{Error, Result};
use serde::Serialize;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// Milliseconds since the page was opened.
    #[wasm_bindgen(js_namespace = performance)]
    fn now() -> f64;
}

/// A network ready to run on one thread.
#[wasm_bindgen]
pub struct Network {
    executor: Executor,
    preprocessing: Option<Preprocessing>,
    input_shape: Vec<usize>,
}

/// How long one node took.
#[derive(Serialize)]
struct NodeTime {
    name: String,
    milliseconds: f64,
}

#[wasm_bindgen]
impl Network {
    /// Reads a `.dshift` file and packs its weights. `mode` is `float` or `integer`, `kernel` is `dot`, `shift` or
    /// `naive-multiply`.
    #[wasm_bindgen(constructor)]
    pub fn new(file: &[u8], mode: &str, kernel: &str) -> Result<Self> {
        let (mode, kernel) = (mode.parse()?, kernel.parse()?);
        let model = Model::from_bytes(file)?;
        let executor = Executor::new(&model, Options { mode, kernel, ..Options::default() })?;
        let input_shape = model.graph.input_shape().to_vec();
        Ok(Self { executor, preprocessing: model.preprocessing, input_shape })
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
        Ok(preprocessing.picture(rgba, width as usize, height as usize, &self.input_shape)?)
    }

    /// Logits of pictures `[n, channels, height, width]`, one picture after the other.
    pub fn run_pictures(&self, bytes: &[u8]) -> Result<Vec<f32>> {
        Ok(self.executor.run(Input::Pictures(bytes))?)
    }

    /// Logits of inputs as the network takes them.
    pub fn run_values(&self, values: &[f32]) -> Result<Vec<f32>> {
        Ok(self.executor.run(Input::Values(values))?)
    }

    /// How long each node takes for these pictures, as JSON: `[{ "name", "milliseconds" }]` in the order of computation.
    pub fn layer_times(&self, bytes: &[u8]) -> Result<String> {
        let mut times = Vec::new();
        let mut start = now();
        self.executor.run_observed(Input::Pictures(bytes), &mut |name| {
            let end = now();
            times.push(NodeTime { name: name.into(), milliseconds: end - start });
            start = end;
        })?;
        json(&times)
    }
}

/// What a file holds and what it costs to run, as JSON: `deepshift inspect --json` without the file's name.
#[wasm_bindgen]
pub fn describe(file: &[u8]) -> Result<String> {
    let model = Model::from_bytes(file)?;
    json(&Report::new(&model, file.len())?)
}

fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::argument(&error.to_string()))
}

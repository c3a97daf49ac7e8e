//! Networks on WebGPU for JavaScript.
//!
//! Every failure rejects with an `Error` whose `code` is `bad-file`, `bad-argument`, `limit`, `unsupported` or
//! `device-lost`.

mod error;

use deepshift_core::report::Report;
use deepshift_core::{Input, Model, Preprocessing};
use deepshift_wgpu::{Executor, Gpu, Options};
use error::{Error, Result};
use js_sys::{Float32Array, Promise};
use serde::Serialize;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;

#[wasm_bindgen]
extern "C" {
    /// Milliseconds since the page was opened.
    #[wasm_bindgen(js_namespace = performance)]
    fn now() -> f64;
}

/// A network on a device of its own.
#[wasm_bindgen]
pub struct Network {
    // Shared with the runs that are under way: `free` does not wait for them.
    executor: Rc<Executor>,
    gpu: Gpu,
    preprocessing: Option<Preprocessing>,
    input_shape: Vec<usize>,
}

/// How long one node took.
#[derive(Serialize)]
struct NodeTime {
    name: String,
    milliseconds: f64,
}

#[derive(Serialize)]
struct AdapterInfo<'a> {
    vendor: &'a str,
    architecture: &'a str,
    device: &'a str,
    description: &'a str,
}

#[wasm_bindgen]
impl Network {
    /// Reads a `.dshift` file, asks for a device and makes everything ready. `mode` is `float` or `integer`, `kernel`
    /// is `dot`, `shift` or `naive-multiply`.
    pub async fn create(file: Vec<u8>, mode: String, kernel: String) -> Result<Network> {
        let options = Options { mode: mode.parse()?, kernel: kernel.parse()? };
        let model = Model::from_bytes(&file)?;
        drop(file);
        let gpu = Gpu::request().await?;
        let executor = Rc::new(Executor::new(&gpu, &model, options).await?);
        let input_shape = model.graph.input_shape().to_vec();
        Ok(Self { executor, gpu, preprocessing: model.preprocessing, input_shape })
    }

    /// `webgpu`.
    #[wasm_bindgen(getter)]
    pub fn device(&self) -> String {
        "webgpu".into()
    }

    /// What the browser tells about the adapter, as JSON: `{ vendor, architecture, device, description }`.
    #[wasm_bindgen(getter)]
    pub fn adapter(&self) -> Result<String> {
        let deepshift_wgpu::Adapter { vendor, architecture, device, description } = self.gpu.adapter();
        json(&AdapterInfo { vendor, architecture, device, description })
    }

    /// One picture, RGBA row by row, as the file's preprocessing wants it: `[channels, height, width]`.
    pub fn pictures(&self, rgba: &[u8], width: u32, height: u32) -> Result<Vec<u8>> {
        let preprocessing = self.preprocessing.as_ref().ok_or_else(|| {
            Error::argument("the file does not say how a picture becomes its input: give f32 values")
        })?;
        Ok(preprocessing.picture(rgba, width as usize, height as usize, &self.input_shape)?)
    }

    /// Logits of pictures `[n, channels, height, width]`, one picture after the other. Runs may overlap.
    #[wasm_bindgen(unchecked_return_type = "Promise<Float32Array>")]
    pub fn run_pictures(&self, bytes: Vec<u8>) -> Promise {
        self.start(Work::Pictures(bytes))
    }

    /// Logits of inputs as the network takes them.
    #[wasm_bindgen(unchecked_return_type = "Promise<Float32Array>")]
    pub fn run_values(&self, values: Vec<f32>) -> Promise {
        self.start(Work::Values(values))
    }

    /// How long each node takes for these pictures, as JSON: `[{ "name", "milliseconds" }]` in the order of computation.
    #[wasm_bindgen(unchecked_return_type = "Promise<string>")]
    pub fn layer_times(&self, bytes: Vec<u8>) -> Promise {
        self.start(Work::LayerTimes(bytes))
    }

    /// Destroys the device: every later run rejects with `device-lost`. Lets tests provoke a loss.
    pub fn lose_device(&self) {
        self.gpu.lose();
    }
}

/// What a promise stands for.
enum Work {
    Pictures(Vec<u8>),
    Values(Vec<f32>),
    LayerTimes(Vec<u8>),
}

impl Work {
    async fn done(self, executor: Rc<Executor>) -> Result<JsValue> {
        let input = match &self {
            Self::Pictures(bytes) | Self::LayerTimes(bytes) => Input::Pictures(bytes),
            Self::Values(values) => Input::Values(values),
        };
        if let Self::LayerTimes(_) = self {
            return layer_times(&executor, input).await;
        }
        let logits = executor.run(input).await?;
        Ok(Float32Array::from(logits.as_slice()).into())
    }
}

impl Network {
    fn start(&self, work: Work) -> Promise {
        // One future for all kinds of work: each would bring the whole executor along.
        let done = work.done(self.executor.clone());
        future_to_promise(async move { done.await.map_err(JsValue::from) })
    }
}

async fn layer_times(executor: &Executor, input: Input<'_>) -> Result<JsValue> {
    let layers = executor.layer_times(input, now).await?;
    let times: Vec<NodeTime> = layers
        .into_iter()
        .map(|layer| NodeTime { name: layer.name, milliseconds: layer.milliseconds })
        .collect();
    Ok(json(&times)?.into())
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

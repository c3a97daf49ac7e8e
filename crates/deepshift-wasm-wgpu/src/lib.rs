//! Networks on WebGPU for JavaScript.
//!
//! Every failure rejects with an `Error` whose `code` is `bad-file`, `bad-argument`, `limit`, `unsupported` or
//! `device-lost`.

use deepshift_core::{Input, Mode, Model, Preprocessing};
use deepshift_wasm_error::{Error, Result};
use deepshift_wgpu::{Executor, Gpu, Options};
use js_sys::{Float32Array, Promise};
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;

#[wasm_bindgen]
extern "C" {
    /// Milliseconds since the page was opened.
    #[wasm_bindgen(js_namespace = performance)]
    fn now() -> f64;

    /// What is told how long each node took.
    pub type LayerTimes;

    /// Milliseconds of the node that is computed after those before.
    #[wasm_bindgen(method, structural)]
    fn add(this: &LayerTimes, name: &str, milliseconds: f64);
}

/// A network on a device of its own.
#[wasm_bindgen]
pub struct Network {
    // Shared with the runs that are under way: `free` does not wait for them.
    executor: Rc<Executor>,
    gpu: Gpu,
    preprocessing: Option<Preprocessing>,
    input_shape: Vec<usize>,
    mode: Mode,
}

#[wasm_bindgen]
impl Network {
    /// Reads a `.dshift` file, asks for a device and makes everything ready. `mode` is `float`, `integer` or
    /// `auto`, integer where the file has it; `kernel` is `dot`, `shift` or `naive-multiply`; `work_limit` is how many
    /// steps a picture may take ([`Model::WORK_LIMIT`] where none is given, any number with infinity).
    pub async fn create(
        file: Vec<u8>,
        mode: String,
        kernel: String,
        work_limit: Option<f64>,
    ) -> Result<Network> {
        Self::make(file, mode, kernel, work_limit).await.map_err(thrown)
    }

    /// `float` or `integer`.
    #[wasm_bindgen(getter)]
    pub fn mode(&self) -> String {
        self.mode.to_string()
    }

    /// `webgpu`.
    #[wasm_bindgen(getter)]
    pub fn device(&self) -> String {
        "webgpu".into()
    }

    /// What the browser tells about the adapter: vendor, architecture, device and description.
    #[wasm_bindgen(getter)]
    pub fn adapter(&self) -> Vec<String> {
        let deepshift_wgpu::Adapter { vendor, architecture, device, description } =
            self.gpu.adapter().clone();
        vec![vendor, architecture, device, description]
    }

    /// One picture, RGBA row by row, as the file's preprocessing wants it: `[channels, height, width]`.
    pub fn pictures(&self, rgba: &[u8], width: u32, height: u32) -> Result<Vec<u8>> {
        let preprocessing = self.preprocessing.as_ref().ok_or_else(|| {
            Error::argument("the file does not say how a picture becomes its input: give f32 values")
        })?;
        let picture = preprocessing.picture(rgba, width as usize, height as usize, &self.input_shape);
        picture.map_err(|error| thrown(error.into()))
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

    /// Tells how long each node takes for these pictures, in the order of computation.
    #[wasm_bindgen(unchecked_return_type = "Promise<void>")]
    pub fn layer_times(&self, bytes: Vec<u8>, times: LayerTimes) -> Promise {
        self.start(Work::LayerTimes(bytes, times))
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
    LayerTimes(Vec<u8>, LayerTimes),
}

impl Work {
    async fn done(self, executor: Rc<Executor>) -> deepshift_wgpu::Result<JsValue> {
        let input = match &self {
            Self::Pictures(bytes) | Self::LayerTimes(bytes, _) => Input::Pictures(bytes),
            Self::Values(values) => Input::Values(values),
        };
        if let Self::LayerTimes(_, times) = &self {
            for layer in executor.layer_times(input, now).await? {
                times.add(&layer.name, layer.milliseconds);
            }
            return Ok(JsValue::UNDEFINED);
        }
        let logits = executor.run(input).await?;
        Ok(Float32Array::from(logits.as_slice()).into())
    }
}

impl Network {
    async fn make(
        file: Vec<u8>,
        mode: String,
        kernel: String,
        work_limit: Option<f64>,
    ) -> deepshift_wgpu::Result<Self> {
        let kernel = kernel.parse()?;
        let model = Model::from_bytes(&file)?;
        drop(file);
        let mode = if mode == "auto" { model.best_mode() } else { mode.parse()? };
        model.check_work(mode, work_limit.map_or(Model::WORK_LIMIT, |limit| limit as u64))?;
        let gpu = Gpu::request().await?;
        let executor = Rc::new(Executor::new(&gpu, &model, Options { mode, kernel }).await?);
        let input_shape = model.graph.input_shape().to_vec();
        Ok(Self { executor, gpu, preprocessing: model.preprocessing, input_shape, mode })
    }

    fn start(&self, work: Work) -> Promise {
        // One future for all kinds of work: each would bring the whole executor along.
        let done = work.done(self.executor.clone());
        future_to_promise(async move { done.await.map_err(|error| thrown(error).into()) })
    }
}

fn thrown(error: deepshift_wgpu::Error) -> Error {
    Error::new(error.code(), error)
}

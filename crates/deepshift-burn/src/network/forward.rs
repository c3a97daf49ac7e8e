//! The forward pass, node by node.

use super::movement::moved;
use super::plan::{Plan, Step};
use super::{Layer, Network};
use crate::norm::{Normalization, channel_moments, normalize};
use crate::pool::max_pool2d;
use crate::shift::{noise_seed, uniform};
use crate::{Error, Result};
use burn::module::RunningState;
use burn::nn::BatchNorm;
use burn::tensor::module::{adaptive_avg_pool2d, avg_pool2d};
use burn::tensor::ops::{AvgPoolOptions, MaxPoolOptions};
use burn::tensor::{Device, Tensor, TensorData, activation};
use deepshift_core::graph::{Activation, Op, Pool};

/// Whether random operations are random.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Dropout does nothing.
    Evaluation,
    /// Dropout draws from this seed and pass alone, so that a resumed run draws the same.
    Training {
        /// Seed of the run.
        seed: u64,
        /// Forward pass of the run.
        pass: u64,
    },
}

/// The value of a node for a batch.
#[derive(Debug, Clone)]
pub enum Value {
    /// `[n, channels, height, width]`.
    Picture(Tensor<4>),
    /// `[n, features]`.
    Vector(Tensor<2>),
}

impl Value {
    /// Row-major values of all elements.
    pub fn to_vec(&self) -> Vec<f32> {
        let data = match self {
            Self::Picture(tensor) => tensor.to_data(),
            Self::Vector(tensor) => tensor.to_data(),
        };
        data.iter::<f32>().collect()
    }

    /// Whether every input of the batch has the graph's input shape.
    fn check(&self, input_shape: &[usize]) -> Result<()> {
        let shape = match self {
            Self::Picture(tensor) => tensor.dims()[1..].to_vec(),
            Self::Vector(tensor) => tensor.dims()[1..].to_vec(),
        };
        if shape != input_shape {
            return Err(Error::BadArgument(format!(
                "inputs of shape {shape:?}, the network takes {input_shape:?}"
            )));
        }
        Ok(())
    }

    fn picture(self) -> Result<Tensor<4>> {
        match self {
            Self::Picture(tensor) => Ok(tensor),
            Self::Vector(_) => Err(Error::BadArgument("a picture is needed here".into())),
        }
    }

    fn vector(self) -> Result<Tensor<2>> {
        match self {
            Self::Vector(tensor) => Ok(tensor),
            Self::Picture(_) => Err(Error::BadArgument("a vector is needed here".into())),
        }
    }
}

/// Applies an operation that does not care about the shape.
macro_rules! elementwise {
    ($value:expr, $x:ident => $body:expr) => {
        match $value {
            Value::Picture($x) => Value::Picture($body),
            Value::Vector($x) => Value::Vector($body),
        }
    };
}

impl Network {
    /// Logits `[n, classes]` of a batch, given in the graph's input shape.
    pub fn forward(&self, input: Value, mode: Mode) -> Result<Tensor<2>> {
        let logits = [self.graph.logits()];
        first(self.follow(&Plan::new(&self.graph, &logits), &logits, input, mode, |_, _| {})?)?.vector()
    }

    /// As [`forward`](Self::forward), showing the value of every node on the way.
    pub fn forward_nodes(
        &self,
        input: Value,
        mode: Mode,
        observe: impl FnMut(usize, &Value),
    ) -> Result<Tensor<2>> {
        let logits = [self.graph.logits()];
        first(self.follow(&Plan::separate(&self.graph, &logits), &logits, input, mode, observe)?)?.vector()
    }

    /// Logits `[n, classes]` of all heads: the network's own first, then those that only training uses.
    pub fn forward_heads(&self, input: Value, mode: Mode) -> Result<Vec<Tensor<2>>> {
        let heads = &self.graph.outputs;
        let heads = self.follow(&Plan::new(&self.graph, heads), heads, input, mode, |_, _| {})?;
        heads.into_iter().map(Value::vector).collect()
    }

    /// The values of `outputs`.
    fn follow(
        &self,
        plan: &Plan,
        outputs: &[usize],
        input: Value,
        mode: Mode,
        mut observe: impl FnMut(usize, &Value),
    ) -> Result<Vec<Value>> {
        input.check(self.graph.input_shape())?;
        observe(0, &input);
        let mut values: Vec<Option<Value>> = vec![Some(input)];
        for (index, node) in self.graph.nodes.iter().enumerate().skip(1) {
            let operands = operands(&mut values, &plan.inputs(&self.graph, index), |input| {
                plan.last_use[input] == index
            })?;
            let value = match (plan.steps[index], self.layer(index)) {
                (Step::Nothing, _) => None,
                (Step::Norm { norm, rectified, .. }, _) => Some(self.normalize(norm, operands, rectified)?),
                (Step::Own, Some(layer)) => Some(layer.forward(operands)?),
                (Step::Own, None) => Some(compute(&node.op, operands, mode, index)?),
            };
            if let Some(value) = &value {
                observe(index, value);
            }
            values.push(value);
        }
        operands(&mut values, outputs, |_| true)
    }

    /// The batch normalisation of a node, what is added to it, and ReLU.
    fn normalize(&self, node: usize, operands: Vec<Value>, rectified: bool) -> Result<Value> {
        let Some(Layer::BatchNorm(layer)) = self.layer(node) else {
            return Err(Error::BadArgument("a layer was built without its parameters".into()));
        };
        let mut operands = operands.into_iter();
        Ok(match (operands.next(), operands.next()) {
            (Some(Value::Picture(x)), addend) => {
                Value::Picture(batch_norm(layer, x, addend.map(Value::picture).transpose()?, rectified))
            }
            (Some(Value::Vector(x)), addend) => {
                Value::Vector(batch_norm(layer, x, addend.map(Value::vector).transpose()?, rectified))
            }
            (None, _) => return Err(Error::BadArgument("an operation lacks its operand".into())),
        })
    }
}

impl Layer {
    fn forward(&self, operands: Vec<Value>) -> Result<Value> {
        let x = first(operands)?;
        Ok(match self {
            Self::Conv2d(layer) => Value::Picture(layer.forward(x.picture()?)),
            Self::ShiftConv2d(layer) => Value::Picture(layer.forward(x.picture()?)),
            Self::Linear(layer) => Value::Vector(layer.forward(x.vector()?)),
            Self::ShiftLinear(layer) => Value::Vector(layer.forward(x.vector()?)),
            Self::BatchNorm(layer) => elementwise!(x, x => batch_norm(layer, x, None, false)),
        })
    }
}

/// With the moments of the batch in training, which go into the running ones, and with the running ones otherwise.
fn batch_norm<const D: usize>(
    layer: &BatchNorm,
    x: Tensor<D>,
    addend: Option<Tensor<D>>,
    rectified: bool,
) -> Tensor<D> {
    let trains = x.device().is_autodiff() && layer.training.is_enabled();
    if x.device().is_autodiff() && !trains {
        let y = layer.forward(x);
        let y = if let Some(addend) = addend { y + addend } else { y };
        return if rectified { activation::relu(y) } else { y };
    }
    let moments = if trains {
        let moments = channel_moments(&x);
        update_running_moments(layer, &x, moments.clone());
        moments
    } else {
        Tensor::stack(vec![layer.running_mean.value_sync(), layer.running_var.value_sync()], 0)
    };
    let (gamma, beta, epsilon) = (layer.gamma.val(), layer.beta.val(), layer.epsilon);
    normalize(x, moments, Normalization { gamma, beta, epsilon, addend, rectified })
}

/// Burn's, but the running variance takes in the unbiased variance of the batch, as PyTorch's does: `n / (n - 1)` times
/// the biased one of the `n` values of a channel.
fn update_running_moments<const D: usize>(layer: &BatchNorm, x: &Tensor<D>, moments: Tensor<2>) {
    let count = (x.shape().num_elements() / x.dims()[1]) as f64;
    let unbiased = if count > 1.0 { count / (count - 1.0) } else { 1.0 };
    let updated = |running: &RunningState<Tensor<1>>, index: usize, factor: f64| {
        let running = running.value_sync().to_device(&x.device());
        let of_batch = Tensor::from_inner(moments.clone().narrow(0, index, 1).flatten(0, 1));
        let momentum = layer.momentum;
        (running.mul_scalar(1.0 - momentum) + of_batch.mul_scalar(momentum * factor)).detach()
    };
    layer.running_mean.update(updated(&layer.running_mean, 0, 1.0));
    layer.running_var.update(updated(&layer.running_var, 1, unbiased));
}

/// The values of these nodes. Those that are needed no more are given away, so that their memory can be used again.
fn operands(
    values: &mut [Option<Value>],
    inputs: &[usize],
    is_done: impl Fn(usize) -> bool,
) -> Result<Vec<Value>> {
    let operand = |(place, &input): (usize, &usize)| {
        let again = inputs[place + 1..].contains(&input);
        let value = if is_done(input) && !again { values[input].take() } else { values[input].clone() };
        value.ok_or_else(|| Error::BadArgument("an operand was not computed".into()))
    };
    inputs.iter().enumerate().map(operand).collect()
}

fn first(operands: Vec<Value>) -> Result<Value> {
    operands.into_iter().next().ok_or_else(|| Error::BadArgument("an operation lacks its operand".into()))
}

fn compute(op: &Op, operands: Vec<Value>, mode: Mode, node: usize) -> Result<Value> {
    Ok(match op {
        Op::Activation(function) => elementwise!(first(operands)?, x => activate(*function, x)),
        Op::MaxPool(pool) => Value::Picture(max_pool2d(first(operands)?.picture()?, max_options(pool))),
        Op::AvgPool(pool) => Value::Picture(avg_pool2d(first(operands)?.picture()?, mean_options(pool))),
        Op::AdaptiveAvgPool(size) => Value::Picture(adaptive_avg_pool2d(first(operands)?.picture()?, *size)),
        Op::Add => add(operands)?,
        Op::Multiply => multiply(operands)?,
        Op::Concat => concat(operands)?,
        Op::Move(movement) => moved(movement, first(operands)?)?,
        Op::Dropout(rate) => elementwise!(first(operands)?, x => {
            let shape = x.dims();
            drop_out(x, shape, *rate, mode, node)
        }),
        Op::DropPath(rate) => elementwise!(first(operands)?, x => {
            let mut shape = [1; _];
            shape[0] = x.dims()[0];
            drop_out(x, shape, *rate, mode, node)
        }),
        Op::Input(_) | Op::Conv2d(_) | Op::Linear(_) | Op::BatchNorm(_) => {
            return Err(Error::BadArgument("a layer was built without its parameters".into()));
        }
    })
}

fn activate<const D: usize>(function: Activation, x: Tensor<D>) -> Tensor<D> {
    match function {
        Activation::Relu => activation::relu(x),
        Activation::Relu6 => x.clamp(0.0, 6.0),
        Activation::Sigmoid => activation::sigmoid(x),
        Activation::Swish => activation::silu(x),
        Activation::HardSwish => x.clone() * (x + 3.0).clamp(0.0, 6.0) / 6.0,
    }
}

fn max_options(pool: &Pool) -> MaxPoolOptions<2> {
    let mut options = MaxPoolOptions::new(pool.kernel).with_stride(pool.stride).with_padding(pool.padding);
    options.ceil_mode = pool.ceil_mode;
    options
}

fn mean_options(pool: &Pool) -> AvgPoolOptions<2> {
    let mut options = AvgPoolOptions::new(pool.kernel).with_stride(pool.stride).with_padding(pool.padding);
    options.ceil_mode = pool.ceil_mode;
    options.count_include_pad = true;
    options
}

fn add(operands: Vec<Value>) -> Result<Value> {
    let mut operands = operands.into_iter();
    let start = operands.next().ok_or_else(|| Error::BadArgument("an addition of nothing".into()))?;
    operands.try_fold(start, |sum, operand| {
        Ok(match sum {
            Value::Picture(sum) => Value::Picture(sum + operand.picture()?),
            Value::Vector(sum) => Value::Vector(sum + operand.vector()?),
        })
    })
}

fn multiply(operands: Vec<Value>) -> Result<Value> {
    let [left, right]: [Value; 2] =
        operands.try_into().map_err(|_| Error::BadArgument("a multiplication takes two operands".into()))?;
    Ok(match left {
        // Burn broadcasts a gate [n, c, 1, 1].
        Value::Picture(left) => Value::Picture(left * right.picture()?),
        Value::Vector(left) => Value::Vector(left * right.vector()?),
    })
}

fn concat(operands: Vec<Value>) -> Result<Value> {
    Ok(match operands.first() {
        Some(Value::Vector(_)) => {
            Value::Vector(Tensor::cat(operands.into_iter().map(Value::vector).collect::<Result<_>>()?, 1))
        }
        _ => Value::Picture(Tensor::cat(operands.into_iter().map(Value::picture).collect::<Result<_>>()?, 1)),
    })
}

/// Zeroes with probability `rate` and scales what is left; `shape` may be 1 along axes that share their fate.
fn drop_out<const D: usize>(
    x: Tensor<D>,
    shape: [usize; D],
    rate: f32,
    mode: Mode,
    node: usize,
) -> Tensor<D> {
    let Mode::Training { seed, pass } = mode else { return x };
    let mask = drop_out_mask(shape, rate, noise_seed(seed, pass, node as u64), &x.device());
    x * mask
}

fn drop_out_mask<const D: usize>(shape: [usize; D], rate: f32, seed: u64, device: &Device) -> Tensor<D> {
    let kept = 1.0 / (1.0 - rate);
    let elements = shape.iter().product::<usize>() as u64;
    let mask: Vec<f32> =
        (0..elements).map(|index| if uniform(seed, index) < rate { 0.0 } else { kept }).collect();
    Tensor::from_data(TensorData::new(mask, shape), device)
}

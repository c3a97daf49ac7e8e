//! Operations that only move values. Most are one of Burn's; the others gather values by the index map that executors use.

use super::forward::Value;
use crate::pool::max_pool2d;
use crate::{Error, Result};
use burn::tensor::ops::{MaxPoolOptions, PadMode};
use burn::tensor::{Int, Tensor, TensorData};
use deepshift_core::graph::{IndexMap, Movement, PadShortcut, Shape, Slice};

/// The values of a movement.
pub(super) fn moved(movement: &Movement, x: Value) -> Result<Value> {
    match (movement, x) {
        (Movement::Flatten, Value::Picture(x)) => Ok(Value::Vector(x.flatten(1, 3))),
        (Movement::Flatten, x) => Ok(x),
        (Movement::Slice(Slice { axis: 0, start, end, step: 1 }), Value::Picture(x)) => {
            Ok(Value::Picture(x.narrow(1, *start, end - start)))
        }
        (Movement::ChannelShuffle(groups), Value::Picture(x)) => Ok(Value::Picture(shuffle(x, *groups))),
        (Movement::PadShortcut(shortcut), Value::Picture(x)) => Ok(Value::Picture(pad_shortcut(shortcut, x))),
        (movement, Value::Picture(x)) => {
            let [_, channels, height, width] = x.dims();
            gathered(movement, &[channels, height, width], x.flatten(1, 3))
        }
        (movement, Value::Vector(x)) => gathered(movement, &[x.dims()[1]], x),
    }
}

fn shuffle(x: Tensor<4>, groups: usize) -> Tensor<4> {
    let [n, channels, height, width] = x.dims();
    let grouped: Tensor<5> = x.reshape([n, groups, channels / groups, height, width]);
    grouped.swap_dims(1, 2).reshape([n, channels, height, width])
}

fn pad_shortcut(shortcut: &PadShortcut, x: Tensor<4>) -> Tensor<4> {
    // Windows of one pixel: a pooling that only picks.
    let picked = max_pool2d(x, MaxPoolOptions::new([1, 1]).with_stride([shortcut.stride, shortcut.stride]));
    picked.pad([(0, 0), (shortcut.before, shortcut.after), (0, 0), (0, 0)], PadMode::Constant(0.0))
}

/// `x` is `[n, elements]` of this shape.
fn gathered(movement: &Movement, input: &[usize], x: Tensor<2>) -> Result<Value> {
    let output = movement.shape(input).map_err(Error::BadArgument)?;
    let map = movement.index_map(Shape::new(input), Shape::new(&output));
    let sources = sources(&map);
    let device = x.device();
    let places: Vec<i64> = sources.iter().map(|source| source.map_or(0, |source| source as i64)).collect();
    let places = Tensor::<1, Int>::from_data(TensorData::new(places, [sources.len()]), &device);
    let mut y = x.select(1, places);
    if sources.contains(&None) {
        let used: Vec<f32> = sources.iter().map(|source| f32::from(source.is_some())).collect();
        y = y * Tensor::<2>::from_data(TensorData::new(used, [1, sources.len()]), &device);
    }
    let n = y.dims()[0];
    Ok(match output[..] {
        [channels, height, width] => Value::Picture(y.reshape([n, channels, height, width])),
        _ => Value::Vector(y),
    })
}

/// Of each value of the output, channel after channel.
fn sources(map: &IndexMap) -> Vec<Option<usize>> {
    let places = (0..map.channels.len()).flat_map(|c| (0..map.pixels.len()).map(move |p| (c, p)));
    places.map(|(channel, pixel)| map.source(channel, pixel)).collect()
}

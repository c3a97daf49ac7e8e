//! PNASNet (Liu et al. 2018, "Progressive Neural Architecture Search") in two small forms.

use crate::net::{Names, Net, Value, pool};
use deepshift_core::graph::{Graph, Op};

type Cell = fn(&mut Net, &str, Value, [usize; 2]) -> Value;

/// Cells of a 7x7 convolution beside a max pooling.
pub(super) fn pnasneta(name: &str) -> Graph {
    pnasnet(name, 44, cell_a)
}

/// Cells of two pairs of branches.
pub(super) fn pnasnetb(name: &str) -> Graph {
    pnasnet(name, 32, cell_b)
}

/// Three times six cells, and between them one that halves the picture.
fn pnasnet(name: &str, width: usize, cell: Cell) -> Graph {
    let (mut net, x) = Net::new(name, 32);
    let mut x = net.conv_norm_relu(&Names::numbered("", 1), x, x.conv(width, 3));
    for (stage, width) in [width, 2 * width, 4 * width].into_iter().enumerate() {
        if stage > 0 {
            x = cell(&mut net, &format!("layer{}.", 2 * stage), x, [width, 2]);
        }
        for index in 0..6 {
            x = cell(&mut net, &format!("layer{}.{index}.", 2 * stage + 1), x, [width, 1]);
        }
    }
    net.classify("linear", x, 10)
}

fn cell_a(net: &mut Net, scope: &str, x: Value, [width, stride]: [usize; 2]) -> Value {
    let convolved = separate(net, scope, 1, x, [width, stride], 7);
    let pooled = pooled(net, scope, x, [width, stride]);
    sum(net, scope, "", [convolved, pooled])
}

fn cell_b(net: &mut Net, scope: &str, x: Value, size: [usize; 2]) -> Value {
    let left = [(1, 7), (2, 3)].map(|(number, kernel)| separate(net, scope, number, x, size, kernel));
    let convolved = separate(net, scope, 3, x, size, 5);
    let right = [pooled(net, scope, x, size), convolved];
    let halves = [sum(net, scope, "left_", left), sum(net, scope, "right_", right)];
    let joined = net.concat(&format!("{scope}concat"), &halves);
    net.conv_norm_relu(&Names::numbered(scope, 2), joined, joined.conv(size[0], 1))
}

/// A depthwise convolution, called separable in the original.
fn separate(
    net: &mut Net,
    scope: &str,
    number: usize,
    x: Value,
    [width, stride]: [usize; 2],
    kernel: usize,
) -> Value {
    let names = Names::numbered(&format!("{scope}sep_conv{number}."), 1);
    net.conv_norm(&names, x, x.depthwise(width, kernel).strided(stride))
}

/// 3x3 max pooling, with a convolution where the width changes.
fn pooled(net: &mut Net, scope: &str, x: Value, [width, stride]: [usize; 2]) -> Value {
    let x = net.op(&format!("{scope}pool"), Op::MaxPool(pool(3, stride, 1)), x);
    if stride == 1 { x } else { net.conv_norm(&Names::numbered(scope, 1), x, x.conv(width, 1)) }
}

fn sum(net: &mut Net, scope: &str, part: &str, values: [Value; 2]) -> Value {
    let sum = net.add(&format!("{scope}{part}add"), &values);
    net.relu(&format!("{scope}{part}relu"), sum)
}

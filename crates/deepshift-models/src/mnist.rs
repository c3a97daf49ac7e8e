//! The original's two networks for MNIST, pictures of 28x28.

use deepshift_core::graph::{Conv2d, Graph, GraphBuilder, Head, Movement, Op};

/// 784-512-512-10 with ReLU, dropout 0.2 in training (`--type linear`).
pub fn simple_linear() -> Graph {
    let mut builder = GraphBuilder::new("simple_linear", &[1, 28, 28]);
    let mut x = builder.op("flatten", Op::Move(Movement::Flatten), &[0]);
    for (index, in_features) in [(1, 784), (2, 512)] {
        x = builder.linear(&format!("fc{index}"), x, in_features, 512);
        x = builder.relu(&format!("relu{index}"), x);
        x = builder.op(&format!("dropout{index}"), Op::Dropout(0.2), &[x]);
    }
    let logits = builder.linear("fc3", x, 512, 10);
    with_log_softmax(builder.finish(logits))
}

/// Two 5x5 convolutions with max pooling and two linear layers (`--type conv`).
pub fn simple_conv() -> Graph {
    let mut builder = GraphBuilder::new("simple_conv", &[1, 28, 28]);
    let mut x = 0;
    for (index, in_channels, out_channels) in [(1, 1, 20), (2, 20, 50)] {
        x = builder.conv(&format!("conv{index}"), x, Conv2d::square(in_channels, out_channels, 5).biased());
        x = builder.relu(&format!("relu{index}"), x);
        x = builder.max_pool(&format!("pool{index}"), x, 2);
    }
    x = builder.op("flatten", Op::Move(Movement::Flatten), &[x]);
    x = builder.linear("fc1", x, 800, 500);
    x = builder.relu("relu3", x);
    let logits = builder.linear("fc2", x, 500, 10);
    with_log_softmax(builder.finish(logits))
}

fn with_log_softmax(graph: Graph) -> Graph {
    Graph { head: Head::LogSoftmax, ..graph }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_the_originals() {
        let count = |graph: &Graph| -> usize {
            graph.parameters().iter().map(|(_, shape)| shape.iter().product::<usize>()).sum()
        };
        assert_eq!(count(&simple_linear()), 784 * 512 + 512 + 512 * 512 + 512 + 5120 + 10);
        assert_eq!(count(&simple_conv()), 431_080);
        assert_eq!(simple_conv().multiply_accumulates().unwrap(), 288_000 + 1_600_000 + 405_000);
    }
}

//! Writing a graph down, node by node.

use super::{Activation, BatchNorm, Conv2d, Graph, Head, Linear, Node, Op, Pool, WeightKind};

/// Collects nodes; every method returns the new node's index.
#[derive(Debug)]
pub struct GraphBuilder {
    graph: Graph,
}

impl GraphBuilder {
    /// Starts with the input, node 0.
    pub fn new(name: &str, input_shape: &[usize]) -> Self {
        let input = Node { name: "input".into(), op: Op::Input(input_shape.to_vec()), inputs: Vec::new() };
        let graph = Graph { name: name.into(), nodes: vec![input], outputs: Vec::new(), head: Head::Logits };
        Self { graph }
    }

    /// Any operation.
    pub fn op(&mut self, name: &str, op: Op, inputs: &[usize]) -> usize {
        self.graph.nodes.push(Node { name: name.into(), op, inputs: inputs.to_vec() });
        self.graph.nodes.len() - 1
    }

    /// A convolution.
    pub fn conv(&mut self, name: &str, input: usize, conv: Conv2d) -> usize {
        self.op(name, Op::Conv2d(conv), &[input])
    }

    /// A fully connected layer with bias.
    pub fn linear(&mut self, name: &str, input: usize, in_features: usize, out_features: usize) -> usize {
        let linear = Linear { in_features, out_features, bias: true, weight: WeightKind::Float };
        self.op(name, Op::Linear(linear), &[input])
    }

    /// Batch normalisation with PyTorch's `eps` of 1e-5.
    pub fn batch_norm(&mut self, name: &str, input: usize, channels: usize) -> usize {
        self.op(name, Op::BatchNorm(BatchNorm { channels, eps: 1e-5 }), &[input])
    }

    /// ReLU.
    pub fn relu(&mut self, name: &str, input: usize) -> usize {
        self.op(name, Op::Activation(Activation::Relu), &[input])
    }

    /// Square max pooling without padding, its stride its size.
    pub fn max_pool(&mut self, name: &str, input: usize, size: usize) -> usize {
        let pool = Pool { kernel: [size; 2], stride: [size; 2], padding: [0; 2], ceil_mode: false };
        self.op(name, Op::MaxPool(pool), &[input])
    }

    /// The graph with these logits.
    pub fn finish(mut self, logits: usize) -> Graph {
        self.graph.outputs = vec![logits];
        self.graph
    }
}

impl Conv2d {
    /// A square kernel, stride 1, no padding, no bias.
    pub fn square(in_channels: usize, out_channels: usize, kernel: usize) -> Self {
        Self {
            in_channels,
            out_channels,
            kernel: [kernel; 2],
            stride: [1; 2],
            padding: [0; 4],
            dilation: [1; 2],
            groups: 1,
            bias: false,
            weight: WeightKind::Float,
        }
    }

    /// The same padding on all sides.
    pub fn padded(self, padding: usize) -> Self {
        Self { padding: [padding; 4], ..self }
    }

    /// The same stride down and right.
    pub fn strided(self, stride: usize) -> Self {
        Self { stride: [stride; 2], ..self }
    }

    /// With a bias.
    pub fn biased(self) -> Self {
        Self { bias: true, ..self }
    }
}

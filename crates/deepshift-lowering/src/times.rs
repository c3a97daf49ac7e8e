use crate::network::Network;

/// The time of one node.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerTime {
    /// The node's name.
    pub name: String,
    /// Mean of a few repetitions.
    pub milliseconds: f64,
}

impl LayerTime {
    /// Of every node, given the milliseconds of every operation: a concatenation has an operation for each operand.
    pub fn of_operations(network: &Network, milliseconds: impl IntoIterator<Item = f64>) -> Vec<Self> {
        let mut layers: Vec<Self> = Vec::new();
        for (operation, milliseconds) in network.operations.iter().zip(milliseconds) {
            match layers.last_mut() {
                Some(last) if last.name == operation.name => last.milliseconds += milliseconds,
                _ => layers.push(Self { name: operation.name.clone(), milliseconds }),
            }
        }
        layers
    }
}

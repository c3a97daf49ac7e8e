//! Prints every architecture's graph, as JSON by name: what `scripts/golden/architectures.py` reads.

use std::collections::BTreeMap;

fn main() -> serde_json::Result<()> {
    let graphs: BTreeMap<_, _> =
        deepshift_models::NAMES.iter().map(|name| (*name, deepshift_models::by_name(name))).collect();
    serde_json::to_writer(std::io::stdout().lock(), &graphs)
}

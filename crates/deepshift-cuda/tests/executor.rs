//! What every executor on GPUs must give, in the words of `deepshift-lowering`.

mod common;

#[path = "../../deepshift-lowering/tests/executors/assertions.rs"]
mod assertions;
#[path = "../../deepshift-lowering/tests/executors/float.rs"]
mod float;
#[path = "../../deepshift-lowering/tests/executors/integer.rs"]
mod integer;
#[path = "../../deepshift-lowering/tests/executors/models.rs"]
mod models;
#[path = "../../deepshift-lowering/tests/executors/runs.rs"]
mod runs;

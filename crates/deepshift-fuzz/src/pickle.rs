use deepshift_pickle::{Id, Value, parse};

/// A pickle of any kind: values refer only to values, and there are no more of either than the bytes could ask for.
pub fn pickle(bytes: &[u8]) -> bool {
    let Ok(pickle) = parse(bytes, 1 << 16) else { return false };
    assert!(pickle.root < pickle.values.len() && pickle.length <= bytes.len());
    let referred: Vec<Id> = pickle.values.iter().flat_map(referred).collect();
    assert!(referred.iter().all(|&id| id < pickle.values.len()));
    assert!(referred.len() <= 8 * bytes.len() && pickle.values.len() <= 8 * bytes.len());
    true
}

fn referred(value: &Value) -> Vec<Id> {
    match value {
        Value::Other | Value::Bool(_) | Value::Int(_) | Value::Bytes(_) => Vec::new(),
        Value::List(ids) | Value::Tuple(ids) => ids.clone(),
        Value::Dict(entries) => entries.concat(),
        Value::Global { module, name } => vec![*module, *name],
        Value::Persistent(id) => vec![*id],
        Value::Object(object) => {
            let own = [object.callable, object.arguments].into_iter().chain(object.state);
            own.chain(object.entries.concat()).collect()
        }
    }
}

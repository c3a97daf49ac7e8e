use crate::file::framed;
use deepshift_core::Model;

/// A picture of some size through the preprocessing of a file: its width, its height, the input's width, height and channels, a
/// byte each, then the JSON of the preprocessing.
pub fn preprocessing(bytes: &[u8]) -> bool {
    let Some((&[width, height, columns, rows, channels], json)) = bytes.split_first_chunk() else {
        return false;
    };
    let [width, height] = [width, height].map(usize::from);
    let shape = [channels, rows, columns].map(usize::from);
    let before = format!(
        r#"{{"provenance":{{"license":"","origin":""}},"tensors":[],"graph":{{"name":"","outputs":[1],"head":"logits",
        "nodes":[{{"name":"i","op":{{"input":{shape:?}}}}},{{"name":"f","op":"flatten","inputs":[0]}}]}},"preprocessing":"#
    );
    let header = [before.as_bytes(), json, b"}"].concat();
    let Ok(Model { preprocessing: Some(preprocessing), .. }) = Model::from_bytes(&framed(&header, &[]))
    else {
        return false;
    };
    let rgba: Vec<u8> = (0..width * height * 4).map(|i| (i * 37) as u8).collect();
    let Ok(picture) = preprocessing.picture(&rgba, width, height, &shape) else { return false };
    assert_eq!(picture.len(), shape.iter().product::<usize>());
    true
}

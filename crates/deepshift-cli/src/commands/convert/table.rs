//! What a conversion did, as tables.

use crate::accuracy::Accuracy;
use crate::text;
use deepshift_convert::LayerReport;

pub fn layers(layers: &[LayerReport]) -> String {
    let clipped = |layer: &LayerReport| layer.out_of_range.map_or(0, |range| range.clipped);
    let some_are_clipped = layers.iter().any(|layer| clipped(layer) > 0);
    let mut head = ["layer", "weights", "bits", "exponents", "output error %"].map(String::from).to_vec();
    head.extend(some_are_clipped.then(|| "clipped".into()));
    let row = |layer: &LayerReport| {
        let [lowest, highest] = layer.exponents;
        let mut row = vec![
            layer.name.clone(),
            text::grouped(layer.weights as u64),
            layer.bits.to_string(),
            if lowest == highest { lowest.to_string() } else { format!("{lowest} to {highest}") },
            layer.output_error.map_or(String::new(), |error| format!("{:.2}", 100.0 * error)),
        ];
        row.extend(some_are_clipped.then(|| text::grouped(clipped(layer) as u64)));
        row
    };
    text::table(&std::iter::once(head).chain(layers.iter().map(row)).collect::<Vec<_>>())
}

/// Nothing where nothing was measured.
pub fn accuracies(measured: &[(&str, Accuracy)]) -> String {
    let Some((_, first)) = measured.first() else { return String::new() };
    let pictures = format!("of {} pictures", text::grouped(first.pictures()));
    let head = vec![pictures, "top-1 %".into(), "top-5 %".into()];
    let row = |(name, accuracy): &(&str, Accuracy)| {
        let percent =
            [accuracy.top1_percent(), accuracy.top5_percent()].map(|percent| format!("{percent:.2}"));
        std::iter::once(String::from(*name)).chain(percent).collect()
    };
    text::table(&std::iter::once(head).chain(measured.iter().map(row)).collect::<Vec<_>>())
}

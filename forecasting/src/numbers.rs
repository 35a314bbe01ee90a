//! Arithmetic of lists.

/// The mean; not a number where there are none.
pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / to_f64(values.len())
}

/// A number of values.
#[expect(clippy::cast_precision_loss, reason = "no list is so long")]
pub(crate) fn to_f64(number: usize) -> f64 {
    number as f64
}

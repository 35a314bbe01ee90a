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

/// The logarithm of the gamma function above 0: Lanczos, "A precision approximation of the gamma function", SIAM Journal on Numerical
/// Analysis B 1 (1964), with the coefficients of Godfrey for g = 7.
pub(crate) fn ln_gamma(value: f64) -> f64 {
    const COEFFICIENTS: [f64; 8] = [
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    if value < 0.5 {
        // The reflection: it is used near 0 alone.
        return (std::f64::consts::PI / (std::f64::consts::PI * value).sin()).ln() - ln_gamma(1.0 - value);
    }
    let x = value - 1.0;
    let terms = (1..).map(f64::from).zip(COEFFICIENTS);
    let series = terms.fold(0.999_999_999_999_809_9, |sum, (n, coefficient)| sum + coefficient / (x + n));
    let t = x + 7.5;
    0.5 * (2.0 * std::f64::consts::PI).ln() + (x + 0.5) * t.ln() - t + series.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gamma_function_has_factorials() {
        let mut factorial = 1.0_f64;
        for n in 1..30_u8 {
            assert!((ln_gamma(f64::from(n)) - factorial.ln()).abs() < 1e-9, "{n}");
            factorial *= f64::from(n);
        }
        assert!((ln_gamma(0.5) - std::f64::consts::PI.sqrt().ln()).abs() < 1e-12);
        assert!((ln_gamma(0.001) - 6.907_178_885_383_854).abs() < 1e-9);
    }
}

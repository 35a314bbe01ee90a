//! What something says, in thousandths of a bit: log₂ of how much likelier it is if a hypothesis holds than if it does not. Integers,
//! so that the same evidence always weighs the same.

use std::ops::{Add, AddAssign, Neg, Sub};

/// Thousandths of a bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bits(i32);

impl Bits {
    /// It says nothing.
    pub const ZERO: Self = Self(0);

    /// Whole bits.
    pub const fn whole(bits: i32) -> Self {
        Self(bits * 1000)
    }

    /// Thousandths of a bit.
    pub const fn milli(bits: i32) -> Self {
        Self(bits)
    }

    /// How much one of so many is worth.
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "a logarithm is small")]
    pub fn log2(of: usize) -> Self {
        Self(((of.max(1) as f64).log2() * 1000.0).round() as i32)
    }

    /// In bits.
    pub fn value(self) -> f64 {
        f64::from(self.0) / 1000.0
    }
}

impl Add for Bits {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl AddAssign for Bits {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl Sub for Bits {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Neg for Bits {
    type Output = Self;

    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl std::iter::Sum for Bits {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::ZERO, Add::add)
    }
}

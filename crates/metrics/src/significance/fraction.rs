//! Fractions in lowest terms.

/// A fraction of whole numbers in lowest terms; 0 is 0/1.
///
/// ```
/// use evenhand_metrics::significance::Fraction;
///
/// let ratio = Fraction::new(18, 28).unwrap();
/// assert_eq!((ratio.numerator(), ratio.denominator()), (9, 14));
/// assert_eq!(ratio.to_string(), "9/14");
/// assert_eq!(Fraction::new(1, 0), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fraction {
    numerator: u128,
    denominator: u128,
}

impl Fraction {
    /// 1/1.
    pub const ONE: Fraction = Fraction { numerator: 1, denominator: 1 };

    /// `None` where the denominator is 0.
    pub fn new(numerator: u128, denominator: u128) -> Option<Self> {
        (denominator > 0).then(|| {
            let common = greatest_common_divisor(numerator, denominator);
            Fraction { numerator: numerator / common, denominator: denominator / common }
        })
    }

    /// Its numerator.
    pub fn numerator(self) -> u128 {
        self.numerator
    }

    /// Its denominator, above 0.
    pub fn denominator(self) -> u128 {
        self.denominator
    }

    /// The nearest floating-point number, to within its last digit.
    pub fn value(self) -> f64 {
        self.numerator as f64 / self.denominator as f64
    }
}

impl std::fmt::Display for Fraction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.numerator, self.denominator)
    }
}

fn greatest_common_divisor(mut one: u128, mut other: u128) -> u128 {
    while other > 0 {
        (one, other) = (other, one % other);
    }
    one
}

//! Which weight arrays a method acts on, in words.
//!
//! | word | arrays |
//! |---|---|
//! | `all` | every trained array |
//! | `weights`, `biases` | those of every linear or convolution layer |
//! | `w0`, `b2`, `w0+1` | the weight (or bias) of the layer with that number, from 0 in the order of the pass; several joined by `+` |
//! | `hidden.0.weight` | the array of that name |
//!
//! Words are joined by commas.

use evenhand_catalog::{Allowed, Literal, Parameter};

use crate::LearnError;
use crate::weights::Weights;

/// The parameter that takes the words.
pub(crate) const LAYERS: Parameter = Parameter {
    name: "layers",
    default: Literal::Text("all"),
    allowed: Allowed::Any,
    purpose: "weight arrays that take part: all, weights, biases, w0, b1, w0+1 (numbers of layers from 0), or array names as \
              hidden.0.weight; several with commas",
};

/// The arrays that the words name, as a flag an array.
pub(crate) fn selected(words: &str, weights: &Weights) -> Result<Vec<bool>, LearnError> {
    let of_kind = |ending: &str| -> Vec<usize> {
        let arrays = weights.arrays.iter().enumerate();
        arrays.filter(|(_, array)| array.trained && array.name.ends_with(ending)).map(|(slot, _)| slot).collect()
    };
    let (layers, biases) = (of_kind(".weight"), of_kind(".bias"));
    let refused = |word: &str| {
        let names: Vec<&str> = weights.arrays.iter().filter(|array| array.trained).map(|array| array.name.as_str()).collect();
        let last = layers.len().saturating_sub(1);
        LearnError::BadSetting {
            section: "objective",
            key: "layers",
            value: format!("\"{words}\""),
            expected: format!("all, weights, biases, w0 to w{last}, b0 to b{last}, or one of {}; `{word}` is none", names.join(", ")),
        }
    };
    let mut chosen = vec![false; weights.arrays.len()];
    for word in words.split(',').map(str::trim) {
        let slots: Vec<usize> = match word {
            "all" => (0..weights.arrays.len()).filter(|&slot| weights.arrays[slot].trained).collect(),
            "weights" => layers.clone(),
            "biases" => biases.clone(),
            _ => {
                let named = weights.arrays.iter().position(|array| array.trained && array.name == word);
                let numbered = |kind: &[usize], numbers: &str| -> Option<Vec<usize>> {
                    numbers.split('+').map(|number| kind.get(number.parse::<usize>().ok()?).copied()).collect()
                };
                let found = match (named, word.strip_prefix('w'), word.strip_prefix('b')) {
                    (Some(slot), _, _) => Some(vec![slot]),
                    (None, Some(numbers), _) => numbered(&layers, numbers),
                    (None, None, Some(numbers)) => numbered(&biases, numbers),
                    (None, None, None) => None,
                };
                found.ok_or_else(|| refused(word))?
            }
        };
        for slot in slots {
            chosen[slot] = true;
        }
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{Architecture, Mlp};
    use crate::{Purpose, stream};

    fn names(words: &str) -> Result<Vec<String>, String> {
        let architecture = Architecture { hidden: vec![3, 2], batch_norm: true, ..Architecture::default() };
        let (_, weights) = Mlp::new(&architecture, 4, &mut stream(1, Purpose::Initialisation, 0));
        let chosen = selected(words, &weights).map_err(|error| error.to_string())?;
        Ok(weights.arrays.iter().zip(chosen).filter(|(_, chosen)| *chosen).map(|(array, _)| array.name.clone()).collect())
    }

    #[test]
    fn words_name_arrays() {
        assert_eq!(names("w0").unwrap(), ["hidden.0.weight"]);
        assert_eq!(names("w0+1").unwrap(), ["hidden.0.weight", "hidden.1.weight"]);
        assert_eq!(names("b2, hidden.0.norm.beta").unwrap(), ["hidden.0.norm.beta", "logit.bias"]);
        assert_eq!(names("biases").unwrap(), ["hidden.0.bias", "hidden.1.bias", "logit.bias"]);
        // Running statistics are not trained.
        assert_eq!(names("all").unwrap().len(), 10);
        for word in ["w3", "hidden", "w", "", "hidden.0.norm.mean", "w0,"] {
            let refused = names(word).unwrap_err();
            assert!(refused.contains("w0 to w2") && refused.contains("hidden.1.norm.gamma"), "{refused}");
        }
    }
}

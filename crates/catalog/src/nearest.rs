/// The candidate that a mistyped word most likely meant, or `None` when none is close.
///
/// Close = Damerau-Levenshtein distance of at most a third of the longer word, underscores and hyphens alike, case ignored: a word of four letters of
/// which two differ is another word. Else the word is the beginning of exactly one candidate, or all its words stand within exactly one
/// (`race` within `race_code`), or the other way round.
pub fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str> + Clone) -> Option<&'a str> {
    let plain = |text: &str| text.trim().to_lowercase().replace('_', "-");
    let wanted = plain(word);
    let close = candidates
        .clone()
        .map(|candidate| (strsim::damerau_levenshtein(&wanted, &plain(candidate)), candidate))
        .filter(|(distance, candidate)| *distance <= wanted.chars().count().max(plain(candidate).chars().count()) / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate);
    if close.is_some() {
        return close;
    }
    let starting = candidates.clone().filter(|candidate| !wanted.is_empty() && plain(candidate).starts_with(&wanted));
    only(starting).or_else(|| only(candidates.filter(|candidate| shares_words(&wanted, &plain(candidate)))))
}

/// The one there is, where there is one alone.
fn only<'a>(mut fitting: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    fitting.next().filter(|_| fitting.next().is_none())
}

/// Whether all words of one text stand in the other.
fn shares_words(one: &str, other: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        text.split(|sign: char| !sign.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
    };
    let (one, other) = (words(one), words(other));
    let within = |part: &[String], whole: &[String]| !part.is_empty() && part.iter().all(|word| whole.contains(word));
    within(&one, &other) || within(&other, &one)
}

/// The question that an error about an unknown word ends in: `; did you mean `spdd`?`, or nothing when no candidate is close. Columns, groups, metrics and settings
/// are all asked for by it, so that one rule says what is near.
///
/// ```
/// let known = ["Age", "Race/Ethnicity"];
/// assert_eq!(evenhand_catalog::did_you_mean("race", known.iter().copied()), "; did you mean `Race/Ethnicity`?");
/// assert_eq!(evenhand_catalog::did_you_mean("salary", known.iter().copied()), "");
/// ```
pub fn did_you_mean<'a>(word: &str, candidates: impl Iterator<Item = &'a str> + Clone) -> String {
    nearest(word, candidates).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
}

/// The share that a number above 1 most likely meant: 80 was said for 80 %. `None` where no percentage can be meant.
pub fn meant_as_percent(value: f64) -> Option<f64> {
    // Out of the hundredths: 0.07, not 0.07000000000000001.
    (value > 1.0 && value <= 100.0).then(|| (value * 1e8).round() / 1e10)
}

#[cfg(test)]
mod tests {
    use super::{meant_as_percent, nearest};

    #[test]
    fn finds_typing_slips_and_prefixes_and_leaves_strangers_alone() {
        let known = ["wasserstein", "wasserstein-adversary", "vanilla", "mmd", "l2"];
        assert_eq!(nearest("waserstein", known.iter().copied()), Some("wasserstein"));
        assert_eq!(nearest("wasserstein_adversery", known.iter().copied()), Some("wasserstein-adversary"));
        assert_eq!(nearest("van", known.iter().copied()), Some("vanilla"));
        assert_eq!(nearest("gradient-boosting", known.iter().copied()), None);
    }

    #[test]
    fn short_words_are_not_near_because_they_are_short() {
        let columns = ["Age", "Score", "Job_code", "Candidate race"];
        assert_eq!(nearest("Race", columns[..3].iter().copied()), None);
        assert_eq!(nearest("Race", columns.iter().copied()), Some("Candidate race"));
        assert_eq!(nearest("SCORE", columns.iter().copied()), Some("Score"));
        assert_eq!(nearest("code", columns.iter().copied()), Some("Job_code"));
        assert_eq!(nearest("code", ["job code", "site code"].iter().copied()), None);
        assert_eq!(nearest("", columns.iter().copied()), None);
    }

    #[test]
    fn percentages_are_recognised() {
        assert_eq!((meant_as_percent(80.0), meant_as_percent(7.0), meant_as_percent(1.0)), (Some(0.8), Some(0.07), None));
        assert_eq!((meant_as_percent(101.0), meant_as_percent(f64::NAN)), (None, None));
    }
}

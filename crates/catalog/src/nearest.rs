/// The candidate that a mistyped word most likely meant, or `None` when none is close.
///
/// Close = Damerau-Levenshtein distance of at most a third of the longer word (at least 2), underscores and hyphens alike,
/// case ignored; or the word is the beginning of exactly one candidate.
pub fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str> + Clone) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace('_', "-");
    let wanted = plain(word);
    let close = candidates
        .clone()
        .map(|candidate| (strsim::damerau_levenshtein(&wanted, &plain(candidate)), candidate))
        .filter(|(distance, candidate)| *distance <= (wanted.chars().count().max(candidate.chars().count()) / 3).max(2))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate);
    close.or_else(|| {
        let mut starting = candidates.filter(|candidate| !wanted.is_empty() && plain(candidate).starts_with(&wanted));
        starting.next().filter(|_| starting.next().is_none())
    })
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_typing_slips_and_prefixes_and_leaves_strangers_alone() {
        let known = ["wasserstein", "wasserstein-adversary", "vanilla", "mmd", "l2"];
        assert_eq!(nearest("waserstein", known.iter().copied()), Some("wasserstein"));
        assert_eq!(nearest("wasserstein_adversery", known.iter().copied()), Some("wasserstein-adversary"));
        assert_eq!(nearest("van", known.iter().copied()), Some("vanilla"));
        assert_eq!(nearest("gradient-boosting", known.iter().copied()), None);
    }
}

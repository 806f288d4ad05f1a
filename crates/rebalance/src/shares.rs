//! Wanted shares of categories, and how many rows they make.

use evenhand_catalog::did_you_mean;

/// The share of each category that is wanted.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Shares {
    /// All alike.
    #[default]
    Equal,
    /// As they are in the rows at hand.
    Found,
    /// Some named; those not named share what is left in the proportions of the rows at hand.
    Given(Vec<(String, f64)>),
}

/// How far shares may miss a sum of 1: what `0.33, 0.33, 0.34` and thirds with four digits need.
pub const SLACK: f64 = 1e-3;

impl Shares {
    /// Reads `equal`, `found`, or shares by name such as `women=0.45, men=0.55` (`45%` is allowed; a name that holds a comma needs `;`
    /// between the shares). An error says what is wrong with the text.
    pub fn parse(text: &str) -> Result<Shares, String> {
        match text.trim() {
            "equal" => return Ok(Shares::Equal),
            "found" => return Ok(Shares::Found),
            _ => {}
        }
        let separator = if text.contains(';') { ';' } else { ',' };
        let mut given: Vec<(String, f64)> = Vec::new();
        for part in text.split(separator).map(str::trim).filter(|part| !part.is_empty()) {
            let write = "write `equal`, `found`, or shares such as `women=0.45, men=0.55`";
            let (name, share) = part
                .rsplit_once('=')
                .ok_or_else(|| format!("`{part}` names no share; {write} (a name that holds a comma needs `;` between the shares)"))?;
            let (name, share) = (name.trim(), share.trim());
            let number = match share.strip_suffix('%') {
                Some(percent) => percent.trim().parse::<f64>().map(|percent| percent / 100.0),
                None => share.parse::<f64>(),
            };
            let number = number.ok().filter(|number| (0.0..=1.0).contains(number));
            let number = number.ok_or_else(|| format!("`{share}` is no share from 0 to 1; {write}"))?;
            if given.iter().any(|(known, _)| known == name) {
                return Err(format!("`{name}` is named twice"));
            }
            given.push((name.to_owned(), number));
        }
        let sum: f64 = given.iter().map(|(_, share)| share).sum();
        match given.as_slice() {
            [] => Err("no share is given; write `equal`, `found`, or shares such as `women=0.45, men=0.55`".to_owned()),
            _ if sum > 1.0 + SLACK => Err(format!("the shares add up to {sum:.4}, more than 1; lower them")),
            _ => Ok(Shares::Given(given)),
        }
    }

    /// The share of each category, summing to 1; `found` counts its rows. An error says what is wrong with the shares for these
    /// categories.
    pub fn resolve(&self, levels: &[String], found: &[usize]) -> Result<Vec<f64>, String> {
        let total: usize = found.iter().sum();
        match self {
            Shares::Equal => Ok(vec![1.0 / levels.len() as f64; levels.len()]),
            Shares::Found if total == 0 => Err("there are no rows whose shares could be kept".to_owned()),
            Shares::Found => Ok(found.iter().map(|&count| count as f64 / total as f64).collect()),
            Shares::Given(given) => {
                if let Some((name, _)) = given.iter().find(|(name, _)| !levels.contains(name)) {
                    let hint = did_you_mean(name, levels.iter().map(String::as_str));
                    return Err(format!("`{name}` is none of {}{hint}", levels.join(", ")));
                }
                let of = |level: &String| given.iter().find(|(name, _)| name == level).map(|(_, share)| *share);
                let rest = 1.0 - given.iter().map(|(_, share)| share).sum::<f64>();
                let unnamed: Vec<&String> = levels.iter().filter(|level| of(level).is_none()).collect();
                let unnamed_rows: usize = levels.iter().zip(found).filter(|(level, _)| of(level).is_none()).map(|(_, &count)| count).sum();
                if unnamed.is_empty() {
                    return if rest.abs() <= SLACK {
                        Ok(levels.iter().map(|level| of(level).unwrap_or(0.0) / (1.0 - rest)).collect())
                    } else {
                        Err(format!("the shares add up to {:.4} instead of 1", 1.0 - rest))
                    };
                }
                let names = unnamed.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
                if rest <= SLACK {
                    return Err(format!("nothing is left for {names}; give it a share, or write `{}=0` to leave its rows out", unnamed[0]));
                }
                if unnamed_rows == 0 {
                    return Err(format!("{rest:.4} is left for {names}, of which there are no rows; raise the other shares"));
                }
                let share = |level, &count: &usize| of(level).unwrap_or(rest * count as f64 / unnamed_rows as f64);
                Ok(levels.iter().zip(found).map(|(level, count)| share(level, count)).collect())
            }
        }
    }
}

/// Whole numbers that add up to `total` and are nearest to these shares of it (largest remainder; the earlier one wins a draw). Each lies
/// less than one from its share; a share of 0 gives 0.
pub fn apportion(total: usize, shares: &[f64]) -> Vec<usize> {
    let exact: Vec<f64> = shares.iter().map(|share| share * total as f64).collect();
    // A share such as .45 of 20 must count as the 9 that it means.
    let mut counts: Vec<usize> = exact.iter().map(|exact| (exact + 1e-9).floor() as usize).collect();
    let mut order: Vec<usize> = (0..shares.len()).filter(|&position| shares[position] > 0.0).collect();
    order.sort_by(|&one, &other| (exact[other] - counts[other] as f64).total_cmp(&(exact[one] - counts[one] as f64)));
    let missing = total.saturating_sub(counts.iter().sum());
    for &position in order.iter().cycle().take(if order.is_empty() { 0 } else { missing }) {
        counts[position] += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels() -> Vec<String> {
        ["men", "women", "other"].map(str::to_owned).to_vec()
    }

    #[test]
    fn shares_are_read_as_written() {
        let given = |pairs: &[(&str, f64)]| Ok(Shares::Given(pairs.iter().map(|(name, share)| ((*name).to_owned(), *share)).collect()));
        assert_eq!(Shares::parse(" equal "), Ok(Shares::Equal));
        assert_eq!(Shares::parse("women=0.45, men = 55%"), given(&[("women", 0.45), ("men", 0.55)]));
        assert_eq!(Shares::parse("a, b=0.5; c=d=.5"), given(&[("a, b", 0.5), ("c=d", 0.5)]));
        for (text, complaint) in [
            ("women", "`women` names no share"),
            ("women=x", "`x` is no share"),
            ("women=1.2", "`1.2` is no share"),
            ("women=NaN", "`NaN` is no share"),
            ("a=0.7,b=0.7", "the shares add up to 1.4000, more than 1"),
            ("a=0.1,a=0.2", "`a` is named twice"),
            (" , ", "no share is given"),
        ] {
            assert!(Shares::parse(text).unwrap_err().starts_with(complaint), "{text}: {:?}", Shares::parse(text));
        }
    }

    #[test]
    fn shares_not_named_keep_their_proportion() {
        let resolve = |text: &str, found: &[usize]| Shares::parse(text).unwrap().resolve(&levels(), found);
        assert_eq!(resolve("found", &[1, 2, 1]), Ok(vec![0.25, 0.5, 0.25]));
        assert_eq!(resolve("women=0.5", &[30, 50, 10]), Ok(vec![0.375, 0.5, 0.125]));
        assert_eq!(resolve("women=0.5,men=0.5,other=0", &[1, 1, 1]), Ok(vec![0.5, 0.5, 0.0]));
        assert!(resolve("women=0.5,men=0.5", &[1, 1, 1]).unwrap_err().starts_with("nothing is left for `other`"));
        assert!(resolve("women=0.5,men=0.2,other=0.2", &[1, 1, 1]).unwrap_err().starts_with("the shares add up to 0.9000"));
        assert!(resolve("women=0.5,men=0.2", &[1, 1, 0]).unwrap_err().contains("of which there are no rows"));
        assert_eq!(resolve("womem=0.5", &[1, 1, 1]).unwrap_err(), "`womem` is none of men, women, other; did you mean `women`?");
    }

    #[test]
    fn counts_add_up_and_lie_nearest() {
        assert_eq!(apportion(20, &[0.45, 0.55]), [9, 11]);
        assert_eq!(apportion(10, &[1.0 / 3.0; 3]), [4, 3, 3]);
        assert_eq!(apportion(1, &[0.2, 0.8, 0.0]), [0, 1, 0]);
        assert_eq!(apportion(0, &[0.5, 0.5]), [0, 0]);
        assert_eq!(apportion(10_000, &[0.25; 4]), [2500; 4]);
        assert_eq!(apportion(7, &[]), Vec::<usize>::new());
    }
}

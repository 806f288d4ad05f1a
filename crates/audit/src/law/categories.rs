//! From a person's own words to the categories of a rule.

use evenhand_catalog::nearest;
use evenhand_rows::roles::spelled;
use evenhand_rows::roles::words::{folded, spelling_key, truth};
use evenhand_rows::{Groups, UNKNOWN};

use crate::AuditError;

/// Categories of race and ethnicity as 6 RCNY 5-300 to 5-304 word those of EEO-1 Component 1; the last six without Hispanic or Latino.
pub const RACES: [&str; 7] = [
    HISPANIC,
    "White",
    "Black or African American",
    "Native Hawaiian or Pacific Islander",
    "Asian",
    "Native American or Alaska Native",
    "Two or More Races",
];
/// The category that holds whatever the race is.
pub const HISPANIC: &str = "Hispanic or Latino";
/// Categories of sex. EEO-1 has the first two; the third is shown where the rows or the details name it.
pub const SEXES: [&str; 3] = ["Male", "Female", "Non-binary"];
/// What a word becomes that says nothing.
pub const UNKNOWN_WORD: &str = "unknown";

/// Other wordings of the same categories.
const ALSO: [(&str, &str); 12] = [
    ("Native Hawaiian or Other Pacific Islander", "Native Hawaiian or Pacific Islander"),
    ("American Indian or Alaska Native", "Native American or Alaska Native"),
    ("Hispanic", HISPANIC),
    ("Latino", HISPANIC),
    ("M", "Male"),
    ("Man", "Male"),
    ("Men", "Male"),
    ("F", "Female"),
    ("Woman", "Female"),
    ("Women", "Female"),
    ("Nonbinary", "Non-binary"),
    ("Non binary", "Non-binary"),
];

/// Words that stand for categories, as somebody gave them: own word, category.
pub type Words = [(String, String)];

/// The columns whose words the details may map.
pub const MAPPED: [&str; 3] = ["sex", "race", "hispanic"];

/// The categories that words of a column may become.
pub fn known(column: &str) -> Vec<&'static str> {
    let all: &[&str] = match column {
        "race" => &RACES,
        "sex" => &SEXES,
        _ => &["yes", "no"],
    };
    all.iter().copied().chain([UNKNOWN_WORD]).collect()
}

/// The rows in the categories of EEO-1, in their order, those without rows left out. `column` is `sex` or `race`, and the attribute is called so. Words that
/// are no category are refused, all at once, each with the nearest.
pub fn eeo1(column: &'static str, groups: &Groups, words: &Words) -> Result<Groups, AuditError> {
    let known = known(column);
    let category = |level: &str| -> Option<&'static str> {
        let word = mapped(words, level).unwrap_or(level);
        let plain = folded(word);
        let plain = plain.strip_suffix("(not hispanic or latino)").map_or(plain.as_str(), str::trim_end);
        let also = || ALSO.iter().find(|(also, _)| folded(also) == plain).map(|(_, category)| *category);
        known.iter().find(|category| folded(category) == plain).copied().or_else(also).filter(|category| known.contains(category))
    };
    let sizes = groups.sizes();
    let strangers: Vec<&String> = present(groups, &sizes).filter(|level| category(level).is_none()).collect();
    if !strangers.is_empty() {
        return Err(refused(column, groups, &strangers, &known));
    }
    let place = |level: &String| category(level).and_then(|category| known.iter().position(|one| *one == category));
    // The last of the known stands for unknown.
    let codes: Vec<u32> = groups
        .levels()
        .iter()
        .map(|level| place(level).filter(|place| place + 1 < known.len()).map_or(UNKNOWN, |place| place as u32))
        .collect();
    let codes = groups.codes().iter().map(|&code| codes.get(code as usize).copied().unwrap_or(UNKNOWN)).collect();
    let levels = known[..known.len() - 1].iter().map(|category| (*category).to_owned()).collect();
    Ok(Groups::new(column, levels, codes).made_of(groups.columns().to_vec()).without_empty_levels())
}

/// The rows under their own words, those of the map changed; the attribute gets another name.
pub fn as_given(name: &str, groups: &Groups, words: &Words) -> Groups {
    let text = |code: u32| {
        let level = groups.levels().get(code as usize)?;
        let word = mapped(words, level).unwrap_or(level);
        (folded(word) != UNKNOWN_WORD).then_some(word)
    };
    let texts: Vec<Option<&str>> = groups.codes().iter().map(|&code| text(code)).collect();
    Groups::from_texts(name, texts.into_iter()).made_of(groups.columns().to_vec())
}

/// Race and ethnicity where a column of its own says who is of Hispanic origin: they are [`HISPANIC`], whatever their race. Rows for which it says
/// nothing keep their race. Gives how many rows moved, and how many the column says nothing of.
pub fn with_hispanic(race: &Groups, origin: &Groups, words: &Words) -> Result<(Groups, usize, usize), AuditError> {
    let answer = |level: &String| -> Option<Option<bool>> {
        let word = folded(mapped(words, level).unwrap_or(level));
        let plain = word.replace([',', '(', ')'], " ");
        match plain.split_whitespace().collect::<Vec<_>>().join(" ").as_str() {
            UNKNOWN_WORD => Some(None),
            "hispanic" | "latino" | "hispanic or latino" | "y" | "1" => Some(Some(true)),
            "not hispanic" | "non-hispanic" | "not latino" | "not hispanic or latino" | "n" | "0" => Some(Some(false)),
            other => truth(other).map(|value| Some(value == 1.0)),
        }
    };
    let sizes = origin.sizes();
    let strangers: Vec<&String> = present(origin, &sizes).filter(|level| answer(level).is_none()).collect();
    if !strangers.is_empty() {
        return Err(refused("hispanic", origin, &strangers, &known("hispanic")));
    }
    let answers: Vec<Option<bool>> = origin.levels().iter().map(|level| answer(level).flatten()).collect();
    let (mut moved, mut silent) = (0, 0);
    let texts: Vec<Option<&str>> = race
        .codes()
        .iter()
        .zip(origin.codes())
        .map(|(&race_code, &code)| {
            let own = race.levels().get(race_code as usize).map(String::as_str);
            match answers.get(code as usize).copied().flatten() {
                Some(true) => {
                    moved += usize::from(own != Some(HISPANIC));
                    Some(HISPANIC)
                }
                Some(false) => own,
                None => {
                    silent += 1;
                    own
                }
            }
        })
        .collect();
    let mut columns = race.columns().to_vec();
    columns.extend(origin.columns().iter().cloned());
    let joined = Groups::from_texts(race.name(), texts.into_iter());
    // In the order of the categories; words of the rows' own follow in theirs.
    let rank = |level: &str| RACES.iter().position(|category| *category == level).unwrap_or(RACES.len());
    let mut order: Vec<usize> = (0..joined.levels().len()).collect();
    order.sort_by_key(|&place| rank(&joined.levels()[place]));
    let levels = order.iter().map(|&place| joined.levels()[place].clone()).collect();
    let code = |code: u32| order.iter().position(|&place| place == code as usize).map_or(UNKNOWN, |place| place as u32);
    let codes: Vec<u32> = (0..joined.levels().len() as u32).map(code).collect();
    let codes = joined.codes().iter().map(|&code| codes.get(code as usize).copied().unwrap_or(UNKNOWN)).collect();
    Ok((Groups::new(race.name(), levels, codes).made_of(columns), moved, silent))
}

/// Words of a map that no row has.
pub fn idle<'a>(groups: &Groups, words: &'a Words) -> Vec<&'a str> {
    words.iter().map(|(from, _)| from.as_str()).filter(|from| spelled(groups.levels(), from).is_none()).collect()
}

fn mapped<'a>(words: &'a Words, level: &str) -> Option<&'a str> {
    let key = spelling_key(level);
    words.iter().find(|(from, _)| spelling_key(from.trim()) == key).map(|(_, to)| to.as_str())
}

fn present<'a>(groups: &'a Groups, sizes: &'a [usize]) -> impl Iterator<Item = &'a String> {
    groups.levels().iter().zip(sizes).filter(|(_, size)| **size > 0).map(|(level, _)| level)
}

/// Words shown of a column with many, at most.
const MOST_SHOWN: usize = 20;

/// Letters of a word up to which it may be an abbreviation.
const ABBREVIATED: usize = 5;

fn refused(column: &str, groups: &Groups, strangers: &[&String], known: &[&str]) -> AuditError {
    let named = groups.columns().first().map_or(groups.name(), String::as_str);
    let told: Vec<String> = strangers
        .iter()
        .take(MOST_SHOWN)
        // An abbreviation is near to a category in its letters alone, and to another in its meaning.
        .map(|word| match nearest(word, known.iter().copied()).filter(|_| word.chars().count() > ABBREVIATED) {
            Some(near) => format!("`{word}` (`{near}`?)"),
            None => format!("`{word}`"),
        })
        .collect();
    let more = if strangers.len() > MOST_SHOWN { format!(" and {} more", strangers.len() - MOST_SHOWN) } else { String::new() };
    AuditError::Request(format!(
        "`{named}` holds words that are no category: {}{more}; say what each stands for under `[categories.{column}]` of the details, for example \
         {} = \"(one of the categories)\"; the categories are {}",
        told.join(", "),
        toml::Value::String((*strangers[0]).clone()),
        known.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect()
    }

    #[test]
    fn words_become_categories_in_their_order() {
        let given = [Some("asian"), Some("Caucasian"), None, Some("American Indian or Alaska Native (Not Hispanic or Latino)"), Some("?!")];
        let groups = Groups::from_texts("ethnic group", given.into_iter());
        let race = eeo1("race", &groups, &words(&[("caucasian", "White"), ("?!", "unknown")])).unwrap();
        assert_eq!(race.levels(), ["White", "Asian", "Native American or Alaska Native"]);
        assert_eq!(race.codes(), [1, 0, UNKNOWN, 2, UNKNOWN]);
        assert_eq!(race.name(), "race");
        let refused = eeo1("race", &groups, &words(&[("?!", "unknown")])).unwrap_err().to_string();
        assert!(refused.contains("`ethnic group` holds words that are no category: `Caucasian`"), "{refused}");
    }

    #[test]
    fn hispanic_origin_comes_before_race_and_silence_changes_nothing() {
        let race = Groups::from_texts("race", [Some("White"), Some("White"), None, Some("Asian")].into_iter());
        let origin = Groups::from_texts("h", [Some("No"), Some("Yes"), Some("yes"), None].into_iter());
        let (race, moved, silent) = with_hispanic(&race, &origin, &[]).unwrap();
        assert_eq!(race.levels(), [HISPANIC, "White", "Asian"]);
        assert_eq!(race.codes(), [1, 0, 0, 2]);
        assert_eq!((moved, silent), (2, 1));
        let odd = Groups::from_texts("h", [Some("perhaps")].into_iter());
        assert!(with_hispanic(&Groups::from_texts("race", [Some("White")].into_iter()), &odd, &[]).is_err());
    }
}

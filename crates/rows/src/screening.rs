//! Which columns identify a person or stand for a group, judged by their values: what nobody should learn from without having asked for it.
//!
//! A header alone never settles it: a column of the name `name` whose values are numbers stays, and a column `contact` of e-mail addresses does not.
//! The header only says which of two readings of the same values is meant (five digits are a postcode or a salary).

use std::collections::HashSet;

use crate::MISSING;
use crate::roles::Coded;
use crate::roles::words::{Missing, simplified};

/// Fewer known values than this do not settle that nearly all of them differ.
const FEWEST: usize = 20;
/// The share of different values from which a column is a list of single things.
const NEARLY_ALL: f64 = 0.95;
/// The share of values of one form from which a column has that form.
const MOST: f64 = 0.5;
/// Words a value on average from which texts are free ones.
const FREE_WORDS: f64 = 4.0;

/// What the known values of a column are like.
struct Seen<'a> {
    /// Words of the header in lower case.
    header: Vec<String>,
    /// Different known values, with how often each occurs.
    levels: Vec<(&'a str, usize)>,
    /// Known values.
    known: usize,
}

impl<'a> Seen<'a> {
    fn new(name: &str, coded: &'a Coded) -> Self {
        let mut counts = vec![0_usize; coded.levels.len()];
        for &code in coded.codes.iter().filter(|&&code| code != MISSING) {
            counts[code as usize] += 1;
        }
        let missing = Missing { texts: &[] };
        let levels: Vec<(&str, usize)> = coded
            .levels
            .iter()
            .map(|level| level.trim())
            .zip(counts)
            .filter(|(level, count)| *count > 0 && !missing.value(level))
            .collect();
        let known = levels.iter().map(|(_, count)| count).sum();
        Seen { header: words_of(name), levels, known }
    }

    fn says(&self, words: &[&str]) -> bool {
        self.header.iter().any(|word| words.contains(&word.as_str()))
    }

    /// How many known values have a form.
    fn count(&self, has: impl Fn(&str) -> bool) -> usize {
        self.levels.iter().filter(|(level, _)| has(level)).map(|(_, count)| count).sum()
    }

    fn different(&self) -> f64 {
        self.levels.len() as f64 / self.known.max(1) as f64
    }

    /// A sentence on the values of a form, where most have it.
    fn mostly(&self, what: &str, has: impl Fn(&str) -> bool) -> Option<String> {
        let count = self.count(has);
        (count as f64 > MOST * self.known as f64).then(|| format!("{count} of {} values are {what}", self.known))
    }

    /// How many values differ, as a reason tells it.
    fn told_different(&self) -> String {
        format!("{} of {} values are different", self.levels.len(), self.known)
    }

    fn words(&self) -> f64 {
        let words: usize = self.levels.iter().map(|(level, count)| level.split_whitespace().count() * count).sum();
        words as f64 / self.known.max(1) as f64
    }
}

/// The words of a header in lower case: `candidateId`, `candidate_id` and `Candidate ID` are two.
pub fn words_of(name: &str) -> Vec<String> {
    let mut apart = String::with_capacity(name.len() + 4);
    let mut before = ' ';
    for sign in name.chars() {
        if before.is_lowercase() && sign.is_uppercase() {
            apart.push(' ');
        }
        apart.push(sign);
        before = sign;
    }
    simplified(&apart).split(' ').map(str::to_owned).collect()
}

/// Why a column identifies a person or stands for a group, in a sentence with counts; `None` where it does not.
pub fn identifying(name: &str, coded: &Coded) -> Option<String> {
    let seen = Seen::new(name, coded);
    if seen.known == 0 {
        return None;
    }
    seen.mostly("e-mail addresses", is_email)
        .or_else(|| seen.mostly("addresses of web pages", is_url))
        .or_else(|| date(&seen))
        .or_else(|| {
            seen.mostly("telephone numbers", |text| {
                is_phone(text, seen.says(&["phone", "tel", "telephone", "mobile", "cell", "fax", "telefon"]))
            })
        })
        .or_else(|| postcode(&seen))
        .or_else(|| address(&seen))
        .or_else(|| id(&seen))
        .or_else(|| person_name(&seen))
        .or_else(|| free_text(&seen))
}

fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(user, host)| {
        let plain = |part: &str| !part.is_empty() && !part.contains(char::is_whitespace);
        plain(user) && plain(host) && host.contains('.') && !host.starts_with('.') && !host.ends_with('.')
    })
}

fn is_url(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["http://", "https://", "www."].iter().any(|start| text.starts_with(start))
}

/// `2024-05-01`, `01.05.2024`, `5/1/24`, also with a time behind it.
fn is_date(text: &str) -> bool {
    let day = text.split(['T', ' ']).next().unwrap_or_default();
    if is_compact_date(text) || names_month(text) {
        return true;
    }
    let Some(sign) = day.chars().find(|sign| matches!(sign, '-' | '/' | '.')) else { return false };
    let parts: Vec<Option<u32>> = day
        .split(sign)
        .map(|part| part.parse().ok().filter(|_| part.len() <= 4 && part.bytes().all(|byte| byte.is_ascii_digit())))
        .collect();
    let [Some(first), Some(second), Some(third)] = parts[..] else { return false };
    let day_and_month = |one: u32, other: u32| (1..=31).contains(&one) && (1..=31).contains(&other) && one.min(other) <= 12;
    let year = |year: u32| (1900..=2100).contains(&year);
    year(first) && day_and_month(second, third) || (year(third) || third < 100) && day_and_month(first, second)
}

/// `19900501`.
fn is_compact_date(text: &str) -> bool {
    let number = |part: &str| part.parse::<u32>().unwrap_or_default();
    text.len() == 8
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && (1900..=2100).contains(&number(&text[..4]))
        && (1..=12).contains(&number(&text[4..6]))
        && (1..=31).contains(&number(&text[6..]))
}

/// A day, a month in letters and a year in any order: `01-Jan-1990`, `May 5, 1990`.
fn names_month(text: &str) -> bool {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let parts: Vec<String> =
        text.split(|sign: char| !sign.is_alphanumeric()).filter(|part| !part.is_empty()).map(str::to_lowercase).collect();
    let month = |part: &String| part.len() <= 9 && MONTHS.iter().any(|month| part.starts_with(month));
    let numbers: Vec<u32> = parts.iter().filter_map(|part| part.parse().ok()).collect();
    parts.len() == 3
        && parts.iter().filter(|part| month(part)).count() == 1
        && numbers.len() == 2
        && numbers.iter().any(|day| (1..=31).contains(day))
}

fn date(seen: &Seen<'_>) -> Option<String> {
    let birth = seen.says(&["birth", "dob", "birthday", "birthdate", "born", "birthyear", "geburtsdatum", "geburtstag", "geburtsjahr"]);
    let years = || seen.mostly("years of birth", |text| text.parse::<f64>().is_ok_and(|year| (1900.0..=2100.0).contains(&year)));
    // Days since some beginning: numbers of which nearly none repeats, under a name that speaks of a birth.
    let days = || seen.mostly("dates of birth in numbers", |text| text.parse::<f64>().is_ok_and(|day| day.abs() > 2100.0));
    seen.mostly(if birth { "dates of birth" } else { "dates" }, is_date).or_else(|| if birth { years().or_else(days) } else { None })
}

/// A number to call: signs between the digits, or a header that says so.
fn is_phone(text: &str, said: bool) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let plain = text.chars().all(|sign| sign.is_ascii_digit() || matches!(sign, '+' | '-' | '(' | ')' | ' ' | '.' | '/' | 'x'));
    let apart = text.starts_with('+') || text.starts_with('(') || text.matches(['-', ' ', '/', '.']).count() >= 2;
    plain && (7..=15).contains(&digits) && (said || apart && digits >= 9)
}

fn postcode(seen: &Seen<'_>) -> Option<String> {
    let said = seen.says(&["zip", "zipcode", "postcode", "postal", "plz", "pincode"]);
    let code = |text: &str| {
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        let plain = text.chars().all(|sign| sign.is_ascii_alphanumeric() || matches!(sign, ' ' | '-'));
        plain && digits > 0 && (2..=10).contains(&text.len())
    };
    let five = |text: &str| text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit());
    let zeros =
        || seen.levels.len() > 10 && seen.levels.iter().all(|(level, _)| five(level)) && seen.count(|text| text.starts_with('0')) > 0;
    if said {
        return seen.mostly("postcodes, which stand for where people live", code);
    }
    if zeros() { seen.mostly("codes of five digits, as postcodes are", five) } else { None }
}

fn address(seen: &Seen<'_>) -> Option<String> {
    let said = seen.says(&["address", "street", "adresse", "anschrift", "strasse", "straße"]);
    let way = |text: &str| {
        let ways = ["street", "st", "road", "rd", "avenue", "ave", "lane", "ln", "drive", "dr", "boulevard", "blvd", "rue", "via", "calle"];
        words_of(text).iter().any(|word| ways.contains(&word.as_str()) || word.ends_with("strasse") || word.ends_with("straße"))
    };
    let place = |text: &str| {
        text.contains(' ') && text.chars().any(|sign| sign.is_ascii_digit()) && text.chars().any(char::is_alphabetic) && (said || way(text))
    };
    seen.mostly("postal addresses", place)
}

fn id(seen: &Seen<'_>) -> Option<String> {
    let said =
        seen.says(&["id", "ids", "uuid", "guid", "identifier", "ssn", "number", "nr", "no", "key", "ref", "reference", "token", "hash"]);
    let whole: Option<Vec<i64>> = seen.levels.iter().map(|(level, _)| level.parse::<i64>().ok()).collect();
    let different = seen.known >= FEWEST && seen.different() >= NEARLY_ALL;
    if let Some(numbers) = whole {
        let (low, high) = (numbers.iter().min().copied()?, numbers.iter().max().copied()?);
        // Numbers in a row, none twice, count the rows.
        let counting = different && high.saturating_sub(low) < (seen.known as f64 * 1.1) as i64 && seen.different() >= 1.0;
        if counting || said && different {
            return Some(format!("{}, as ids are", seen.told_different()));
        }
    } else if different && seen.levels.iter().all(|(level, _)| level.parse::<f64>().is_err()) {
        let token = |text: &str| {
            // Digits with a sign or a unit before or behind them are numbers.
            let letters = text.chars().any(char::is_alphabetic) || text.trim_start_matches('-').contains('-');
            !text.contains(' ') && letters && text.chars().any(|sign| sign.is_ascii_digit())
        };
        if seen.count(token) as f64 > MOST * seen.known as f64 {
            return Some(format!("{}, as ids are", seen.told_different()));
        }
    }
    // An id that comes back is still one: somebody with several rows.
    let person = seen.says(&["candidate", "person", "applicant", "employee", "user", "student", "customer", "patient"])
        && (seen.header.len() == 1 || seen.says(&["id", "nr", "no", "number"]));
    (person && seen.levels.len() > FEWEST.min(seen.known / 10).max(2))
        .then(|| format!("ids of persons: {} different ones on {} rows", seen.levels.len(), seen.known))
}

fn person_name(seen: &Seen<'_>) -> Option<String> {
    let letters = |text: &str| text.chars().all(|sign| sign.is_alphabetic() || matches!(sign, ' ' | '-' | '\'' | '.' | ',' | '’'));
    let header = format!(" {} ", seen.header.join(" "));
    let names = |words: &[&str]| words.iter().any(|words| header.contains(&format!(" {words} ")));
    // A header that says whose name it is; few different ones are names as well.
    let of_person = names(&[
        "surname",
        "firstname",
        "lastname",
        "fullname",
        "forename",
        "first name",
        "last name",
        "full name",
        "given name",
        "family name",
        "middle name",
        "maiden name",
        "candidate name",
        "applicant name",
        "employee name",
        "person name",
        "student name",
        "vorname",
        "nachname",
        "familienname",
        "prenom",
        "prénom",
        "nombre",
        "apellido",
        "apellidos",
        "cognome",
    ]);
    let plain = ["name", "names", "first", "last", "nom"].contains(&seen.header.join(" ").as_str());
    if of_person && seen.levels.len() > 2 || plain && seen.levels.len() > 10 {
        return seen.mostly("names", letters);
    }
    let capitalised = |text: &str| {
        let words: Vec<&str> = text.split_whitespace().collect();
        letters(text) && (2..=4).contains(&words.len()) && words.iter().all(|word| word.chars().next().is_some_and(char::is_uppercase))
    };
    if seen.known >= FEWEST && seen.different() >= 0.5 {
        return seen.mostly("two to four capitalised words, as names of people are", capitalised);
    }
    None
}

fn free_text(seen: &Seen<'_>) -> Option<String> {
    if seen.known < FEWEST || seen.levels.iter().any(|(level, _)| level.parse::<f64>().is_ok()) {
        return None;
    }
    let different = seen.different();
    let words = seen.words();
    if words >= FREE_WORDS && different >= 0.3 {
        return Some(format!("free text: {words:.0} words a value, {}", seen.told_different()));
    }
    // Numbers with a sign, a unit or a decimal comma begin with a digit or a sign.
    let written = seen.count(|text| text.chars().next().is_some_and(char::is_alphabetic));
    (different >= 0.9 && written as f64 > MOST * seen.known as f64).then(|| format!("{}: no category comes back", seen.told_different()))
}

/// Values that tell of a decision, as [`simplified`] writes them.
const DECIDED: [&str; 16] = [
    "hired",
    "not hired",
    "rejected",
    "rejection",
    "offer",
    "offered",
    "offer made",
    "offer extended",
    "offer accepted",
    "offer declined",
    "withdrawn",
    "withdrew",
    "not selected",
    "shortlisted",
    "eingestellt",
    "abgelehnt",
];

/// Whether a column speaks of what is known only after the decision, by its name or by its values (none for numbers); the suspicion in words.
pub fn after_decision<'a>(name: &str, mut values: impl Iterator<Item = &'a str>) -> Option<String> {
    let header = format!(" {} ", words_of(name).join(" "));
    let says = |known: &[&str]| known.iter().any(|words| header.contains(&format!(" {words} ")));
    let told = if says(&["rejection", "rejected"]) {
        "a rejection"
    } else if says(&["offered", "offer"]) {
        "an offer"
    } else if says(&[
        "hired",
        "hire",
        "hiring date",
        "start date",
        "starting date",
        "onboarding",
        "onboarded",
        "joining",
        "eingestellt",
        "tenure",
    ]) {
        "those who were hired"
    } else if says(&["decision", "outcome", "disposition", "shortlisted", "appointed", "selected", "stage"]) {
        "a decision"
    } else if says(&["termination", "terminated", "probation", "resigned", "attrition", "turnover", "starting salary", "promoted"]) {
        "what came after the decision"
    } else {
        let value = values.find(|value| DECIDED.contains(&simplified(value).as_str()))?;
        return Some(format!("its value `{value}` tells of a decision"));
    };
    Some(format!("by its name it tells of {told}"))
}

/// How many of the texts are different; a person's rows may be several.
pub fn repeats(coded: &Coded) -> bool {
    let mut seen = HashSet::new();
    coded.codes.iter().any(|code| *code != MISSING && !seen.insert(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(name: &str, values: &[String]) -> Option<String> {
        let mut coded = Coded::default();
        for value in values {
            let code = coded.levels.iter().position(|level| level == value).unwrap_or_else(|| {
                coded.levels.push(value.clone());
                coded.levels.len() - 1
            });
            coded.codes.push(code as u32);
        }
        identifying(name, &coded)
    }

    fn made(rows: usize, value: impl Fn(usize) -> String) -> Vec<String> {
        (0..rows).map(value).collect()
    }

    #[test]
    fn values_settle_what_a_column_is() {
        let mut contact = made(9, |row| format!("p{row}@example.org"));
        contact.push("unlisted".to_owned());
        assert_eq!(judged("contact", &contact).unwrap(), "9 of 10 values are e-mail addresses");
        for (name, values, reason) in [
            ("applied_on", made(30, |row| format!("2024-05-{:02}", row + 1)), "30 of 30 values are dates"),
            ("dob", made(30, |row| format!("{:02}/03/1980", row + 1)), "30 of 30 values are dates of birth"),
            ("dob", made(30, |row| format!("199005{:02}", row + 1)), "30 of 30 values are dates of birth"),
            ("dob", made(30, |row| (32_994 + row).to_string()), "30 of 30 values are dates of birth in numbers"),
            ("born", made(30, |row| format!("{:02}-Jan-1990", row + 1)), "30 of 30 values are dates of birth"),
            ("since", made(30, |row| format!("May {}, 1990", row + 1)), "30 of 30 values are dates"),
            ("birth_year", made(30, |row| (1960 + row).to_string()), "30 of 30 values are years of birth"),
            ("call", made(30, |row| format!("+44 20 7946 {row:04}")), "30 of 30 values are telephone numbers"),
            ("phone", made(30, |row| format!("5550{row:04}")), "30 of 30 values are telephone numbers"),
            ("page", made(30, |row| format!("https://example.org/{row}")), "30 of 30 values are addresses of web pages"),
            ("zip", made(30, |row| (10_000 + row % 7).to_string()), "30 of 30 values are postcodes, which stand for where people live"),
            ("area", made(30, |row| format!("{:05}", 4000 + row * 900)), "30 of 30 values are codes of five digits, as postcodes are"),
            ("home", made(30, |row| format!("{row} Long Street")), "30 of 30 values are postal addresses"),
            ("row", made(30, |row| (row + 1).to_string()), "30 of 30 values are different, as ids are"),
            ("code", made(30, |row| format!("K-{}", row * 7919)), "30 of 30 values are different, as ids are"),
            ("person", made(90, |row| (row / 3).to_string()), "ids of persons: 30 different ones on 90 rows"),
            ("candidate_id", made(60, |row| (row / 3 * 17).to_string()), "ids of persons: 20 different ones on 60 rows"),
        ] {
            assert_eq!(judged(name, &values).as_deref(), Some(reason), "{name}");
        }
        let letter = |row: usize| char::from(b'a' + (row % 26) as u8);
        let names = made(60, |row| format!("Ann{} Lee{}", letter(row), letter(row / 26 + row)));
        assert_eq!(judged("who", &names).unwrap(), "60 of 60 values are two to four capitalised words, as names of people are");
        assert_eq!(judged("surname", &names).unwrap(), "60 of 60 values are names");
        assert_eq!(judged("FirstName", &made(600, |row| format!("Ann{}", letter(row % 12)))).unwrap(), "600 of 600 values are names");
        let note = made(60, |row| format!("spoke well of project {} and team {}", letter(row), row));
        assert_eq!(judged("remarks", &note).unwrap(), "free text: 8 words a value, 60 of 60 values are different");
    }

    #[test]
    fn numbers_and_categories_stay() {
        for (name, values) in [
            ("test_score", made(60, |row| format!("{}.{}", row, row % 10))),
            ("salary", made(60, |row| (30_000 + row * row * 13).to_string())),
            ("phone", made(60, |row| (row % 2).to_string())),
            ("name", made(60, |row| (row % 9).to_string())),
            ("name", made(60, |row| format!("plan {}", char::from(b'a' + (row % 3) as u8)))),
            ("candidate", made(60, |row| ["internal", "external"][row % 2].to_owned())),
            ("school_name", made(60, |row| format!("School {}", char::from(b'a' + (row % 20) as u8)))),
            ("job", made(60, |row| format!("Senior Clerk {}", row % 4))),
            ("version", made(60, |row| format!("1.{}", row % 4))),
            ("years", made(60, |row| (row % 20).to_string())),
            ("few", made(6, |row| format!("level{row}"))),
            ("empty", made(6, |_| "n/a".to_owned())),
            ("price", made(60, |row| format!("{row},25"))),
        ] {
            assert_eq!(judged(name, &values), None, "{name}");
        }
    }

    #[test]
    fn headers_are_cut_into_words_and_suspicions_are_by_name() {
        assert_eq!(words_of("candidateId"), ["candidate", "id"]);
        assert_eq!(words_of("Candidate-ID"), ["candidate", "id"]);
        let late = |name: &str, values: &[&str]| after_decision(name, values.iter().copied());
        assert_eq!(late("salaryOffered", &[]).unwrap(), "by its name it tells of an offer");
        assert_eq!(late("rejection_reason", &[]).unwrap(), "by its name it tells of a rejection");
        assert_eq!(late("start_date", &[]).unwrap(), "by its name it tells of those who were hired");
        assert_eq!(late("column 7", &["In process", "Offer extended"]).unwrap(), "its value `Offer extended` tells of a decision");
        assert_eq!(late("years", &["1", "2"]), None);
    }
}

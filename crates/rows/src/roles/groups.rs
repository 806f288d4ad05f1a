//! Sensitive attributes: columns as they stand, intersections, cuts of a number, one group against all others.

use evenhand_catalog::limits::GROUP_NAME;

use super::words::{Categories, Missing, is_total, spelling_key};
use super::{Columns, Extent, joined, numbers, tell};
use crate::{Groups, RowsError, SensitiveRole, UNKNOWN};

/// What a text for "not known" is taken as.
pub const UNKNOWN_GROUP: &str = "unknown group";

/// Groups of one attribute beyond which a remark warns: a number was probably meant to be cut by a rule.
const MANY_GROUPS: usize = 50;

/// A rule that cuts numbers in two.
#[derive(Debug, Clone, PartialEq)]
struct Rule {
    sign: &'static str,
    bound: f64,
    /// Whether the bound bears a percent sign.
    percent: bool,
}

impl Rule {
    /// Reads `> 25`, `>= 25`, `< 25` or `<= 25`.
    fn parse(attribute: &str, text: &str) -> Result<Self, RowsError> {
        let bad = || RowsError::BadRule { attribute: attribute.to_owned(), rule: text.to_owned() };
        let trimmed = text.trim();
        let (sign, rest) =
            [">=", "<=", ">", "<"].into_iter().find_map(|sign| trimmed.strip_prefix(sign).map(|rest| (sign, rest))).ok_or_else(bad)?;
        let (number, percent) = rest.trim().strip_suffix('%').map_or((rest.trim(), false), |number| (number.trim_end(), true));
        let bound = number.parse::<f64>().ok().filter(|bound| bound.is_finite()).ok_or_else(bad)?;
        Ok(Rule { sign, bound, percent })
    }

    /// The rule in the numbers of a column, which bear percent signs or do not. A bound of at most 1 beside percent signs is a share, as scores are.
    fn of_column(self, column: &str, percent: bool, notes: &mut Vec<String>) -> Result<Self, RowsError> {
        match (self.percent, percent) {
            (true, false) => {
                let reason = format!("the rule names {} %, and the numbers of the column bear no percent sign; leave it out", self.bound);
                Err(RowsError::BadColumn { column: column.to_owned(), reason })
            }
            (false, true) if self.bound.abs() <= 1.0 && self.bound != 0.0 => {
                let bound = (self.bound * 1e12).round() / 1e10;
                tell(notes, format!("`{column}` bears percent signs: the rule's {} is taken as {bound} %", self.bound));
                Ok(Rule { bound, ..self })
            }
            _ => Ok(self),
        }
    }

    fn holds(&self, number: f64) -> bool {
        match self.sign {
            ">=" => number >= self.bound,
            "<=" => number <= self.bound,
            ">" => number > self.bound,
            _ => number < self.bound,
        }
    }

    /// Whether this number and all above it lie on one side.
    fn settles_from(&self, least: f64) -> bool {
        match self.sign {
            ">=" | "<" => least >= self.bound,
            _ => least > self.bound,
        }
    }

    /// The attribute that the rule makes of a column; NaN is unknown. The part for which the rule holds comes first.
    fn groups(&self, attribute: &str, column: &str, numbers: &[f64]) -> Groups {
        let opposite = match self.sign {
            ">=" => "<",
            "<=" => ">",
            ">" => "<=",
            _ => ">=",
        };
        let levels = [self.sign, opposite].map(|sign| format!("{column} {sign} {}", self.bound)).to_vec();
        let code = |number: f64| if number.is_nan() { UNKNOWN } else { u32::from(!self.holds(number)) };
        Groups::new(attribute, levels, numbers.iter().map(|&number| code(number)).collect()).made_of(vec![column.to_owned()])
    }
}

/// Name and plain columns of an attribute: a role without columns takes the column of its own name.
fn columns_of(role: &SensitiveRole) -> Vec<String> {
    if role.columns.is_empty() { vec![role.name.clone()] } else { role.columns.clone() }
}

/// Columns of the table that the sensitive roles need: those that are no attribute named earlier.
pub fn sensitive_columns(roles: &[SensitiveRole]) -> Vec<String> {
    let mut needed = Vec::new();
    for (position, role) in roles.iter().enumerate() {
        for column in columns_of(role) {
            let earlier = roles[..position].iter().any(|earlier| earlier.name == column);
            if !earlier && !needed.contains(&column) {
                needed.push(column);
            }
        }
    }
    needed
}

/// The sensitive attributes of a table. What was joined or taken as unknown is told; what the sizes of the groups say is the affair of whoever has
/// all rows ([`remark`]).
pub fn sensitive(
    table: &impl Columns,
    roles: &[SensitiveRole],
    missing: Missing<'_>,
    categories: &Categories,
    extent: Extent,
    notes: &mut Vec<String>,
) -> Result<Vec<Groups>, RowsError> {
    let mut attributes: Vec<Groups> = Vec::new();
    for role in roles {
        let columns = columns_of(role);
        let name = if role.name.is_empty() { columns.join(" x ") } else { role.name.clone() };
        if attributes.iter().any(|groups| groups.name() == name) {
            let reason = "two sensitive attributes have this name; give them different names".to_owned();
            return Err(RowsError::BadColumn { column: name, reason });
        }
        let mut plain = |name: &str, column: &str| -> Result<Groups, RowsError> {
            if let Some(groups) = attributes.iter().find(|groups| groups.name() == column) {
                return Ok(groups.clone().renamed(name));
            }
            let coded = joined(table, table.position(column)?, |text| missing.group(text), UNKNOWN_GROUP, categories, notes);
            let longest = coded.levels.iter().map(String::len).max().unwrap_or(0);
            GROUP_NAME.check(longest as u64).map_err(|limit| RowsError::Beyond { column: column.to_owned(), limit })?;
            Ok(Groups::new(name, coded.levels, coded.codes).made_of(vec![column.to_owned()]))
        };
        let groups = match (columns.as_slice(), &role.rule) {
            ([column], Some(rule)) if pooled(rule).is_some() => {
                let groups = plain(&name, column)?;
                if extent == Extent::Part { against_rest_of_part(&groups, rule) } else { against_rest(&groups, rule)? }
            }
            ([column], Some(rule)) => {
                let rule = Rule::parse(&name, rule)?;
                let bears_percent = table.numbers(table.position(column)?, missing).is_ok_and(|numbers| numbers.percent);
                let rule = rule.of_column(column, bears_percent, notes)?;
                rule.groups(&name, column, &cut_numbers(table, column, missing, &rule)?)
            }
            ([column], None) => plain(&name, column)?,
            (_, Some(rule)) => return Err(RowsError::BadRule { attribute: name, rule: format!("{rule} over several columns") }),
            (columns, None) => {
                let parts = columns.iter().map(|column| plain(column, column)).collect::<Result<Vec<Groups>, _>>()?;
                Groups::intersection(&parts.iter().collect::<Vec<_>>()).renamed(name)
            }
        };
        attributes.push(groups);
    }
    Ok(attributes)
}

/// The numbers of a column that a rule cuts; the words for an unknown group are missing here, too.
/// A text such as `40+` counts where all that it may mean lies on one side of the rule.
fn cut_numbers(table: &impl Columns, column: &str, missing: Missing<'_>, rule: &Rule) -> Result<Vec<f64>, RowsError> {
    let position = table.position(column)?;
    if table.numbers(position, missing).is_ok() {
        return numbers(table, position, missing);
    }
    let coded = table.texts(position);
    let mut texts = missing.texts.to_vec();
    texts.extend(coded.levels.iter().filter(|text| missing.group(text)).cloned());
    let known = Missing { texts: &texts };
    let at_least = |text: &str| text.strip_suffix('+').and_then(|number| number.trim().parse::<f64>().ok());
    let number = |text: &String| match at_least(text) {
        Some(least) => rule.settles_from(least).then_some(least),
        None if known.number(text) => Some(f64::NAN),
        None => text.parse::<f64>().ok().filter(|number| number.is_finite()),
    };
    let of_level: Vec<Option<f64>> = coded.levels.iter().map(number).collect();
    if !coded.levels.iter().any(|text| at_least(text).is_some()) || of_level.iter().any(Option::is_none) {
        return numbers(table, position, known);
    }
    Ok(coded.codes.iter().map(|&code| of_level.get(code as usize).copied().flatten().unwrap_or(f64::NAN)).collect())
}

/// The group that a rule `= GROUP` sets against all others.
fn pooled(rule: &str) -> Option<&str> {
    rule.trim().strip_prefix('=').map(str::trim)
}

/// The spelling under which the groups know a name.
fn known_as<'a>(groups: &'a Groups, level: &'a str) -> &'a str {
    spelled(groups.levels(), level).unwrap_or(level)
}

/// The same for a part of a file, in which the group may have no row.
fn against_rest_of_part(groups: &Groups, rule: &str) -> Groups {
    let wanted = pooled(rule).unwrap_or_default();
    let level = known_as(groups, wanted);
    let set = groups.against_rest(level).unwrap_or_else(|| {
        let codes = groups.codes().iter().map(|&code| if code == UNKNOWN { UNKNOWN } else { 1 }).collect();
        Groups::new(groups.name(), vec![String::new(); 2], codes).made_of(groups.columns().to_vec())
    });
    // Parts must agree on the names, whatever spelling each of them holds.
    let levels = vec![wanted.to_owned(), format!("not {wanted}")];
    Groups::new(set.name(), levels, set.codes().to_vec()).made_of(set.columns().to_vec())
}

/// Applies a rule `= GROUP`; the two parts are called as the rule says, whatever spelling the rows hold.
pub fn against_rest(groups: &Groups, rule: &str) -> Result<Groups, RowsError> {
    let wanted = pooled(rule).unwrap_or_default();
    if groups.against_rest(known_as(groups, wanted)).is_none() {
        return Err(RowsError::unknown_group(groups.name(), wanted, groups.levels()));
    }
    Ok(against_rest_of_part(groups, rule))
}

/// The spelling under which levels hold a name that the person writes in another one.
pub fn spelled<'a>(levels: &'a [String], name: &str) -> Option<&'a str> {
    let exact = levels.iter().find(|level| *level == name);
    let alike = || levels.iter().find(|level| spelling_key(level) == spelling_key(name));
    exact.or_else(alike).map(String::as_str)
}

/// Says what a reader of the report should know of an attribute.
pub fn remark(groups: &Groups, notes: &mut Vec<String>) {
    let name = groups.name();
    let unknown = groups.unknown_count();
    if unknown > 0 {
        tell(notes, format!("`{name}`: the group of {unknown} rows is unknown; they are left out of every gap"));
    }
    let totals: Vec<&str> = groups.levels().iter().map(String::as_str).filter(|level| is_total(level)).collect();
    if !totals.is_empty() {
        let shown = super::quoted(totals.into_iter());
        tell(
            notes,
            format!(
                "`{name}`: {shown} reads like rows of totals and counts as a group; list it under the texts that mean missing (`missing`) if it is"
            ),
        );
    }
    match groups.sizes().iter().filter(|&&size| size > 0).count() {
        0 => tell(notes, format!("`{name}`: no row has a known group, so no gap can be measured")),
        1 => tell(notes, format!("`{name}`: all rows are of one group, so no gap can be measured")),
        many if many > MANY_GROUPS => {
            tell(notes, format!("`{name}` has {many} groups; a number can be cut by a rule, for example `> 25`"));
        }
        _ => {}
    }
}

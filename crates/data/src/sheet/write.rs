//! A table as a file that looks like the one it was read from.

use super::{Cells, Column, Form, Sheet, Style, Table, ValueStyle};
use crate::{DataError, MISSING};

impl Sheet {
    /// Puts the columns whose texts were kept ([`Sheet::texts`]) back as they were written. The rows must still be those that were read.
    pub fn restore_texts(&mut self) {
        let columns = self.table.columns.iter_mut().zip(&mut self.styles);
        for (column, style) in columns {
            if let Some(cells) = self.texts.remove(&column.name) {
                column.cells = cells;
                *style = Style { values: ValueStyle::Text, missing: String::new() };
            }
        }
    }

    /// The sign between the fields of [`Sheet::to_csv`].
    pub fn separator(&self) -> char {
        char::from(self.layout.delimiter)
    }

    /// A table with the columns of this sheet as the text of a CSV file: same separator, decimal sign, dates and marks of missing values.
    pub fn to_csv(&self, table: &Table) -> Result<String, DataError> {
        let names = |table: &Table| table.columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>();
        if names(table) != names(&self.table) {
            let reason = format!("the table to write has the columns {}, the file has others", names(table).join(", "));
            return Err(DataError::from(crate::RowsError::BadColumn { column: names(&self.table).join(", "), reason }));
        }
        let line_end = if self.layout.carriage_return { "\r\n" } else { "\n" };
        let mut text = if self.layout.byte_order_mark { "\u{feff}".to_owned() } else { String::new() };
        let mut fields: Vec<Vec<String>> = vec![names(table)];
        let columns: Vec<Vec<String>> = table.columns.iter().zip(&self.styles).map(|(column, style)| written(column, style)).collect();
        fields.extend((0..table.rows()).map(|row| columns.iter().map(|column| column[row].clone()).collect()));
        for record in fields {
            for (position, field) in record.iter().enumerate() {
                if position > 0 {
                    text.push(char::from(self.layout.delimiter));
                }
                self.push_field(&mut text, field);
            }
            // A record of one empty field would read as an empty line, which is skipped.
            if let [only] = record.as_slice()
                && only.is_empty()
            {
                text.push_str("\"\"");
            }
            text.push_str(line_end);
        }
        Ok(text)
    }

    fn push_field(&self, text: &mut String, field: &str) {
        let special = |sign: char| sign == char::from(self.layout.delimiter) || matches!(sign, '"' | '\n' | '\r');
        if field.contains(special) {
            text.push('"');
            text.push_str(&field.replace('"', "\"\""));
            text.push('"');
        } else {
            text.push_str(field);
        }
    }
}

/// Each value of a column as text.
fn written(column: &Column, style: &Style) -> Vec<String> {
    match &column.cells {
        Cells::Categories { levels, codes } => {
            let text = |&code: &u32| if code == MISSING { &style.missing } else { levels.get(code as usize).unwrap_or(&style.missing) };
            codes.iter().map(|code| text(code).clone()).collect()
        }
        Cells::Numbers { form, values } => values
            .iter()
            .map(|&value| match (&style.values, form) {
                _ if value.is_nan() => style.missing.clone(),
                (ValueStyle::Date(date), _) => date.write(value),
                (ValueStyle::Number { notation, fixed }, Form::Real { decimals }) => notation.write(value, *decimals, *fixed),
                (ValueStyle::Number { notation, .. }, _) => notation.write(value, 0, false),
                (ValueStyle::Text, _) => value.to_string(),
            })
            .collect(),
    }
}

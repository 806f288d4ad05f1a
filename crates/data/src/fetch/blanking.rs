//! Empties the cells of chosen CSV columns and leaves every other byte as it is.
//!
//! A corpus of real people is stored without their names: no method reads them and no report may print them.

/// The text with the cells of these columns emptied. The first record is the header; quoted cells may hold commas, doubled quotes and
/// line breaks. `Err` names the first column that the header lacks.
pub(super) fn blank<'a>(text: &[u8], columns: &[&'a str]) -> Result<Vec<u8>, &'a str> {
    let header: Vec<&[u8]> = header(text);
    let mut emptied = vec![false; header.len()];
    for &column in columns {
        let mut found = false;
        for (position, cell) in header.iter().enumerate() {
            if *cell == column.as_bytes() {
                emptied[position] = true;
                found = true;
            }
        }
        if !found {
            return Err(column);
        }
    }

    let mut out = Vec::with_capacity(text.len());
    let (mut record, mut cell, mut quoted) = (0_usize, 0_usize, false);
    for &byte in text {
        let drop = |cell: usize| record > 0 && emptied.get(cell).copied().unwrap_or(false);
        match byte {
            // A doubled quote closes and reopens: the state after the pair is right either way.
            b'"' => {
                quoted = !quoted;
                if !drop(cell) {
                    out.push(byte);
                }
            }
            b',' if !quoted => {
                out.push(byte);
                cell += 1;
            }
            b'\n' if !quoted => {
                out.push(byte);
                cell = 0;
                record += 1;
            }
            // The `\r` before a line's end belongs to the line, not to its last cell.
            b'\r' if !quoted => out.push(byte),
            _ => {
                if !drop(cell) {
                    out.push(byte);
                }
            }
        }
    }
    Ok(out)
}

fn header(text: &[u8]) -> Vec<&[u8]> {
    let line = text.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
    line.split(|&byte| byte == b',')
        .map(|cell| cell.strip_prefix(b"\"").and_then(|cell| cell.strip_suffix(b"\"")).unwrap_or(cell))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::blank;

    #[test]
    fn only_the_chosen_cells_become_empty() {
        let text = b"id,name,age,note\r\n1,Ada L.,36,\"a, b\"\r\n2,\"Hopper, \"\"G\"\"\nM.\",85,\r\n3,,1,x";
        let wanted = b"id,name,age,note\r\n1,,36,\"a, b\"\r\n2,,85,\r\n3,,1,x";
        assert_eq!(blank(text, &["name"]).unwrap(), wanted);
        assert_eq!(blank(wanted, &["name"]).unwrap(), wanted, "nothing more to do the second time");
    }

    #[test]
    fn a_last_column_keeps_its_line_end_and_a_double_name_is_emptied_twice() {
        assert_eq!(blank(b"last,x,last\na,b,c\r\nd,e,f\n", &["last"]).unwrap(), b"last,x,last\n,b,\r\n,e,\n");
    }

    #[test]
    fn a_missing_column_is_named() {
        assert_eq!(blank(b"a,b\n1,2\n", &["b", "name"]), Err("name"));
    }
}

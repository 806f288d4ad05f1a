//! What a page may load and run: nothing but its own style and script, named by their digests.

use std::fmt::Write as _;

use evenhand_rows::digest;

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The content security policy of a page with this style and, where it has one, this script.
pub(super) fn policy(style: &str, script: Option<&str>) -> String {
    let script = script.map_or_else(String::new, |script| format!(" script-src 'sha256-{}';", base64(script)));
    format!("default-src 'none'; style-src 'sha256-{}';{script} base-uri 'none'; form-action 'none'", base64(style))
}

/// sha256 of a text in base64.
fn base64(text: &str) -> String {
    let hexadecimal = digest::of_bytes(text.as_bytes());
    let nibbles: Vec<u32> = hexadecimal.chars().filter_map(|digit| digit.to_digit(16)).collect();
    let bytes: Vec<u32> = nibbles.chunks(2).map(|pair| pair.iter().fold(0, |byte, nibble| byte << 4 | nibble)).collect();
    let mut encoded = String::with_capacity(44);
    for three in bytes.chunks(3) {
        let word = (0..3).fold(0, |word, at| word << 8 | three.get(at).copied().unwrap_or(0));
        for at in 0..4 {
            encoded.push(if at <= three.len() { char::from(DIGITS[(word >> (18 - 6 * at) & 63) as usize]) } else { '=' });
        }
    }
    encoded
}

/// A text as a string of a style sheet: all that could end it, or the style, is escaped.
pub(super) fn css_string(text: &str) -> String {
    let mut written = String::from("\"");
    for character in text.chars() {
        if character.is_alphanumeric() || matches!(character, ' ' | '.' | ',' | '-' | '_' | ':' | ';' | '(' | ')') {
            written.push(character);
        } else {
            let _ = write!(written, "\\{:x} ", u32::from(character));
        }
    }
    written.push('"');
    written
}

/// The rule for printed pages: margins, and a footer with the digest on the left and title and page on the right.
pub(super) fn page_rule(left: &str, right: &str) -> String {
    let font = "font:7.5pt Arial,sans-serif;color:#535d6a";
    format!(
        "@page{{size:A4;margin:15mm 16mm 18mm;@bottom-left{{content:{};{font}}}@bottom-right{{content:{} \" \\2014  page \" counter(page) \" of \" counter(pages);{font}}}}}",
        css_string(left),
        css_string(right)
    )
}

#[cfg(test)]
mod tests {
    use super::{base64, css_string};

    #[test]
    fn digests_are_those_of_the_standard() {
        assert_eq!(base64(""), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
        assert_eq!(base64("abc"), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
    }

    #[test]
    fn nothing_ends_a_string_of_the_style() {
        assert_eq!(css_string("a\"}</style>\\"), "\"a\\22 \\7d \\3c \\2f style\\3e \\5c \"");
    }
}

//! JSON in the form in which ClickHouse prints it: `1.0` as `1`, `1e3` as `1000`. HogQL reads properties from this form.

use std::fmt::Write;

use serde_json::{Number, Value};

/// The empty string if `text` is not JSON.
pub(super) fn reprint(text: &str) -> String {
    let mut printed = String::new();
    if let Ok(document) = serde_json::from_str::<Value>(text) {
        print(&document, &mut printed);
    }
    printed
}

fn print(value: &Value, into: &mut String) {
    match value {
        Value::Number(number) => into.push_str(&of_number(number)),
        Value::Array(elements) => {
            into.push('[');
            for (place, element) in elements.iter().enumerate() {
                into.push_str(if place == 0 { "" } else { "," });
                print(element, into);
            }
            into.push(']');
        }
        Value::Object(fields) => {
            into.push('{');
            for (place, (name, field)) in fields.iter().enumerate() {
                into.push_str(if place == 0 { "" } else { "," });
                // Writing to a `String` does not fail.
                let _ = write!(into, "{}:", Value::from(name.as_str()));
                print(field, into);
            }
            into.push('}');
        }
        plain => {
            let _ = write!(into, "{plain}");
        }
    }
}

/// Integers keep their digits. Floats get the shortest digits that read back as the same float, with an exponent only for very
/// large and very small numbers.
fn of_number(number: &Number) -> String {
    let Some(float) = number.as_f64().filter(|_| number.is_f64()) else { return number.to_string() };
    let scientific = format!("{float:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |digits| ("-", digits));
    let digits = digits.replace('.', "");
    let before = exponent.parse::<i32>().unwrap_or(0) + 1;
    let count = digits.len() as i32;
    let written = match before {
        _ if float == 0.0 => "0".to_owned(),
        1..=21 if before >= count => format!("{digits}{}", "0".repeat((before - count) as usize)),
        1..=21 => format!("{}.{}", &digits[..before as usize], &digits[before as usize..]),
        -5..=0 => format!("0.{}{digits}", "0".repeat(-before as usize)),
        _ if count == 1 => format!("{digits}e{exponent}"),
        _ => format!("{}.{}e{exponent}", &digits[..1], &digits[1..]),
    };
    format!("{sign}{written}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_printed_as_clickhouse_prints_them() {
        for (number, printed) in [
            ("1.0", "1"),
            ("1.50", "1.5"),
            ("-1.0", "-1"),
            ("-0.0", "-0"),
            ("1e3", "1000"),
            ("1e20", "100000000000000000000"),
            ("1e21", "1e21"),
            ("123456789.123456789", "123456789.12345679"),
            ("12345678901234567890", "12345678901234567890"),
            ("-9223372036854775808", "-9223372036854775808"),
            ("0.000001", "0.000001"),
            ("1e-7", "1e-7"),
            ("2.5e-10", "2.5e-10"),
            ("0.1e-5", "0.000001"),
            ("123e-2", "1.23"),
            ("1.7976931348623157e308", "1.7976931348623157e308"),
            ("5e-324", "5e-324"),
        ] {
            assert_eq!(reprint(number), printed, "{number}");
        }
    }

    #[test]
    fn documents_are_printed_without_white_space() {
        assert_eq!(
            reprint(r#"{"a": {"x": 1.0, "y\"": [1.0, 2e2, "s\u00e9", null, true]}}"#),
            r#"{"a":{"x":1,"y\"":[1,200,"sé",null,true]}}"#
        );
        assert_eq!(reprint("no json"), "");
    }
}

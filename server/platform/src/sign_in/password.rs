//! What a password must be (requirements, section 7): 8 to 24 characters, upper and lower case letters, digits and one of
//! `$ @ & _`, nothing else.

use crate::web::Wrong;

/// What may stand in a password beside letters and digits.
pub const SPECIAL: &str = "$@&_";
/// The last passwords that are not taken again.
pub const REMEMBERED: usize = 5;

/// Whether a password may be one.
///
/// # Errors
///
/// What is wrong with it.
pub fn check(password: &str) -> Result<(), Wrong> {
    let count = password.chars().count();
    if !(8..=24).contains(&count) {
        return Err(Wrong::new("wrong-password-length").with("found", count));
    }
    let has = |is: fn(char) -> bool| password.chars().any(is);
    let is_mixed = has(|c| c.is_ascii_uppercase())
        && has(|c| c.is_ascii_lowercase())
        && has(|c| c.is_ascii_digit())
        && has(|c| SPECIAL.contains(c));
    if !is_mixed {
        return Err(Wrong::new("wrong-password-mix"));
    }
    if !password
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || SPECIAL.contains(c))
    {
        return Err(Wrong::new("wrong-password-characters"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_of_the_length_and_the_mix_that_the_rules_ask_for() {
        for (password, expected) in [
            ("Abcde1$", Some("wrong-password-length")),
            ("Abcdef1$", None),
            ("Abcdefghijklmnopqrstuv1$", None),
            ("Abcdefghijklmnopqrstuvw1$", Some("wrong-password-length")),
            ("abcdef1$", Some("wrong-password-mix")),
            ("ABCDEF1$", Some("wrong-password-mix")),
            ("Abcdefg$", Some("wrong-password-mix")),
            ("Abcdefg1", Some("wrong-password-mix")),
            ("Abcdef1@", None),
            ("Abcdef1&", None),
            ("Abcdef1_", None),
            ("Abcdef1!", Some("wrong-password-mix")),
            ("Abcdef1$!", Some("wrong-password-characters")),
            ("Abcdef1$ ", Some("wrong-password-characters")),
            ("密码Abcdef1$", Some("wrong-password-characters")),
        ] {
            let found = check(password).err();
            let expected = expected.map(|key| match key {
                "wrong-password-length" => Wrong::new(key).with("found", password.chars().count()),
                key => Wrong::new(key),
            });
            assert_eq!(found, expected, "{password}");
        }
    }
}

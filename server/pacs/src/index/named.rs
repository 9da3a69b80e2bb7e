//! What is asked of a patient's name, as SQL: of its own columns, or of the keys that its words begin with.

use database::Sql;
use dicom_dictionary_std::tags;

use super::Result;
use super::condition::{begins_with, condition};
use super::filter::{columns, matched};
use super::matching::Test;
use super::names::{self, Word};
use super::plan::{Plan, Way};

/// A word that every name has that passes, where the names are better found by it than by their own columns.
fn run_of(test: &Test) -> Option<Word> {
    match test {
        Test::Words(words) => words.iter().max_by_key(|word| word.length()).cloned(),
        Test::Like(pattern) if pattern.starts_with(['*', '?']) => names::longest_run(pattern),
        Test::Any(test) => run_of(test),
        Test::Each(tests) => tests.iter().find_map(|(_, test)| run_of(test)),
        _ => None,
    }
}

/// Writes a statement for the numbers of the patients whose name passes.
pub(super) fn named(sql: &mut Sql, test: &Test, plan: Plan) -> Result<()> {
    let free = Plan::new(plan.backend);
    match (test, run_of(test)) {
        (Test::Words(words), Some(longest)) => {
            sql.push("SELECT p.patient AS id FROM name_keys p WHERE ");
            word_condition(sql, "p", &longest);
            for word in words.iter().filter(|word| **word != longest) {
                sql.push(" AND ").push(plan.exists());
                sql.push(" (SELECT 1 FROM name_keys k WHERE k.patient = p.patient AND ");
                word_condition(sql, "k", word);
                sql.push(")");
            }
            Ok(())
        }
        (_, Some(word)) => {
            let join = plan.join();
            sql.push(&format!(
                "SELECT p.id FROM name_keys k {join} patients p ON p.id = k.patient WHERE "
            ));
            word_condition(sql, "k", &word);
            sql.push(" AND ");
            let way = Way::Walk;
            name_condition(sql, test, Plan { way, ..free })
        }
        (_, None) => {
            sql.push("SELECT p.id FROM patients p WHERE ");
            name_condition(sql, test, free)
        }
    }
}

/// What is asked of the name of patient `p`.
pub(super) fn name_condition(sql: &mut Sql, test: &Test, plan: Plan) -> Result<()> {
    let attribute = matched(tags::PATIENT_NAME)?;
    match test {
        Test::Words(words) => {
            sql.push("(1 = 1");
            for word in words {
                sql.push(" AND ");
                if plan.is_tested() {
                    sql.push(plan.exists())
                        .push(" (SELECT 1 FROM name_keys k WHERE k.patient = p.id AND ");
                } else {
                    sql.push("p.id IN (SELECT k.patient FROM name_keys k WHERE ");
                }
                word_condition(sql, "k", word);
                sql.push(")");
            }
            sql.push(")");
        }
        Test::AnyOf(tests) => {
            sql.push("(");
            for (number, test) in tests.iter().enumerate() {
                sql.push(if number > 0 { " OR " } else { "" });
                name_condition(sql, test, plan)?;
            }
            sql.push(")");
        }
        _ => {
            if let Some(word) = run_of(test).filter(|_| !plan.is_tested()) {
                sql.push("p.id IN (SELECT k.patient FROM name_keys k WHERE ");
                word_condition(sql, "k", &word);
                sql.push(") AND ");
            }
            let columns = columns(&format!("{}p", plan.sign()), attribute);
            condition(sql, &columns, test, plan.backend);
        }
    }
    Ok(())
}

fn word_condition(sql: &mut Sql, table: &str, word: &Word) {
    for (number, prefix) in word.prefixes().iter().enumerate() {
        sql.push(if number > 0 { " OR " } else { "(" });
        begins_with(sql, &format!("{table}.key"), prefix);
    }
    sql.push(")");
}

//! The tables of rules, and of permissions that were given to roles that were there before.

use database::{Connection, Sql};

use super::Rule;
use crate::permissions::Permission;
use crate::{Platform, Result};

/// An organisation's rule.
pub(super) async fn rule(connection: &impl Connection, organisation: i64) -> Result<Rule> {
    let mut sql = Sql::new("SELECT rule, hours FROM publishing_rules WHERE organisation = ");
    let Some(row) = sql.bind(organisation).one(connection).await? else {
        return Ok(Rule::default());
    };
    let word: String = row.get(0)?;
    Ok(Rule::from_row(&word, row.get(1)?))
}

/// Sets an organisation's rule.
pub(super) async fn set_rule(connection: &impl Connection, organisation: i64, rule: Rule) -> Result<()> {
    let mut sql = Sql::new("INSERT INTO publishing_rules (organisation, rule, hours) VALUES (");
    sql.bind(organisation).push(", ").bind(rule.word()).push(", ");
    sql.bind(rule.hours().map(i64::from))
        .push(") ON CONFLICT (organisation) DO UPDATE SET rule = excluded.rule, hours = excluded.hours");
    sql.run(connection).await?;
    Ok(())
}

/// Who works in a department that publishes, by what a role holds.
const DEPARTMENT: &[Permission] = &[
    Permission::ReportsWrite,
    Permission::ReportsReview,
    Permission::ReportsQuality,
    Permission::StudiesSend,
    Permission::StudiesCorrect,
    Permission::StudiesSchedule,
];

/// What a role that sees studies and was there before holds of publishing, by what it held.
fn given(held: &[Permission]) -> Vec<Permission> {
    let holds = |permission| held.contains(&permission);
    let mut given = Vec::new();
    if holds(Permission::StudiesView) && DEPARTMENT.iter().any(|one| holds(*one)) {
        given.push(Permission::StudiesUnpublished);
        if holds(Permission::ReportsReview) && holds(Permission::StudiesCorrect) {
            given.push(Permission::StudiesPublish);
        }
    }
    given
}

/// Gives the roles that were there before there was publishing what they need of it, once: whoever reads and manages sees
/// what is not published, whoever manages decides.
///
/// # Errors
///
/// The database's.
pub(crate) async fn give_permissions(platform: &Platform) -> Result<()> {
    let change = platform.writer().begin().await?;
    let mut first = Sql::new("INSERT INTO permissions_given (permission, given_ns) VALUES (");
    first.bind(Permission::StudiesUnpublished.word()).push(", ");
    first
        .bind(platform.clock().now_ns())
        .push(") ON CONFLICT DO NOTHING");
    if first.run(&*change).await? == 0 {
        return Ok(());
    }
    for row in Sql::new("SELECT id, permissions FROM roles")
        .all(&*change)
        .await?
    {
        let (id, text): (i64, String) = (row.get(0)?, row.get(1)?);
        let held = Permission::from_json(&text);
        let missing = given(&held).into_iter().filter(|one| !held.contains(one));
        let all: Vec<Permission> = held.iter().copied().chain(missing).collect();
        if all.len() > held.len() {
            let mut sql = Sql::new("UPDATE roles SET permissions = ");
            sql.bind(Permission::to_json(&all)).push(" WHERE id = ").bind(id);
            sql.run(&*change).await?;
        }
    }
    Ok(change.commit().await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::permissions::Kind;

    #[test]
    fn roles_of_the_department_get_what_they_need_and_clinicians_nothing() {
        use Permission as P;
        let all: Vec<P> = Permission::of(Kind::Hospital).collect();
        for (held, expected) in [
            (&all[..], &[P::StudiesUnpublished, P::StudiesPublish][..]),
            (&[P::StudiesView], &[]),
            (&[P::StudiesView, P::StudiesExport], &[]),
            (&[P::StudiesView, P::ReportsWrite], &[P::StudiesUnpublished]),
            (&[P::StudiesView, P::StudiesSend], &[P::StudiesUnpublished]),
            (&[P::ReportsWrite], &[]),
            (&[P::Members, P::Roles], &[]),
        ] {
            assert_eq!(given(held), expected, "{held:?}");
        }
    }
}

//! Synthetic studies, hospitals and people, as rows: nobody's data.

use std::path::Path;

use anyhow::Context;
use database::{Place, Sql};
use pacs::index::{Index, filled};
use platform::clock::Clock;
use platform::organisations::{membership, role_store, store as organisations};
use platform::people::store::{self as people, NewAccount};
use platform::permissions::{Kind, Permission};
use platform::settings::Settings;
use platform::{Platform, secrets};

use super::mix::Role;
use super::run::Random;

/// Somebody who is signed in.
pub struct Session {
    pub role: Role,
    /// What the browser holds.
    pub token: String,
}

/// How many of each role are signed in.
const SIGNED_IN: usize = 40;
const SURNAMES: &[&str] = &["王", "李", "张", "刘", "陈", "杨", "黄", "赵", "吴", "周", "欧阳"];
const GIVEN: &[&str] = &[
    "伟", "芳", "秀英", "敏", "静", "丽", "强", "磊", "军", "洋", "志强", "思远",
];

/// Fills a data folder where it is empty, and signs people in.
pub async fn fill(data: &Path, seed: u64, studies: u64, count: u64) -> anyhow::Result<Vec<Session>> {
    std::fs::create_dir_all(data)?;
    let index = Index::open(&Place::Sqlite(data.join("index.sqlite"))).await?;
    let (readers, writer) = (index.readers().clone(), index.turns().clone());
    let platform = Platform::open(
        readers,
        writer,
        &data.join("keys"),
        Settings::default(),
        Clock::System,
    )
    .await?;
    if number(&platform, "SELECT COUNT(*) FROM people").await? == 0 {
        filled::fill(&index, seed, studies).await?;
        populate(&platform, seed, count).await?;
    }
    let mut sessions = Vec::new();
    for role in Role::ALL {
        sessions.extend(sign_in(&platform, role).await?);
    }
    Ok(sessions)
}

async fn number(platform: &Platform, sql: &str) -> anyhow::Result<i64> {
    let row = Sql::new(sql).one(platform.readers()).await?;
    Ok(row.context("no row")?.get(0)?)
}

/// Three hospitals, whose the studies are, and their people; some fifty of these look after the platform.
async fn populate(platform: &Platform, seed: u64, count: u64) -> anyhow::Result<()> {
    let now_ns = platform.clock().now_ns();
    let own = organisations::platform(platform.readers())
        .await?
        .context("no platform")?
        .id;
    let change = platform.writer().begin().await?;
    let mut hospitals = Vec::new();
    for name in ["第一医院", "人民医院", "中医院"] {
        let (id, initial) = organisations::add(&*change, Kind::Hospital, name, now_ns).await?;
        let doctors = role_store::Role {
            organisation: id,
            name: "医生".to_owned(),
            permissions: vec![Permission::StudiesView, Permission::ReportsWrite],
            ..role_store::Role::default()
        };
        hospitals.push((id, initial, role_store::add(&*change, &doctors).await?));
    }
    // Whose the studies are: the numbers that the synthetic archive gives are put onto these hospitals.
    for table in ["custodies", "patients", "studies"] {
        for (place, (id, ..)) in hospitals.iter().enumerate().rev() {
            let mut sql = Sql::new(format!("UPDATE {table} SET custodian = "));
            sql.bind(*id).push(" WHERE custodian = ").bind(place as i64 + 1);
            sql.run(&*change).await?;
        }
    }
    let password = secrets::hash_password("Nuclear_1".to_owned()).await?;
    let mut random = Random(seed);
    for place in 0..count {
        let surname = SURNAMES[random.next(SURNAMES.len() as u64) as usize];
        let given = GIVEN[random.next(GIVEN.len() as u64) as usize];
        let (name, mobile) = (format!("{surname}{given}"), format!("139{place:08}"));
        let new = NewAccount {
            kind: "staff",
            state: "active",
            mobile: &mobile,
            name: &name,
            title: Some("主治医师"),
            hospital: Some("第一医院"),
            password: &password,
            ..NewAccount::default()
        };
        let account = people::add(&*change, &new, now_ns)
            .await?
            .context("a mobile number twice")?;
        let (organisation, role) = match place {
            0..50 => {
                let office = ["organisations", "accounts", "audit"][place as usize % 3];
                let role = role_store::holding(&*change, own, office)
                    .await?
                    .context("no such office")?;
                (own, role)
            }
            50..100 => (hospitals[0].0, hospitals[0].1),
            _ => {
                // Six of ten in the first, three in the second.
                let place = [0, 0, 0, 0, 0, 0, 1, 1, 1, 2][random.next(10) as usize];
                (hospitals[place].0, hospitals[place].2)
            }
        };
        membership::add(&*change, account, organisation, role, "active", None, now_ns).await?;
    }
    change.commit().await?;
    Ok(())
}

/// Signs in people of a role.
async fn sign_in(platform: &Platform, role: Role) -> anyhow::Result<Vec<Session>> {
    let permission = match role {
        Role::Doctor => "reports-write",
        Role::Administrator => "members",
        Role::System => "organisations",
        Role::Security => "accounts",
        Role::Audit => "audit",
    };
    // Doctors are those whose role does not hold everything.
    let without = if role == Role::Doctor {
        "\"members\""
    } else {
        "\"no such\""
    };
    let mut sql = Sql::new(
        "SELECT m.person, m.organisation FROM memberships m JOIN roles r ON r.id = m.role WHERE r.permissions LIKE ",
    );
    sql.bind(format!("%\"{permission}\"%"))
        .push(" AND r.permissions NOT LIKE ")
        .bind(format!("%{without}%"))
        .push(" ORDER BY m.id LIMIT ")
        .bind(SIGNED_IN as i64);
    let rows = sql.all(platform.readers()).await?;
    let now_ns = platform.clock().now_ns();
    let change = platform.writer().begin().await?;
    let mut sessions = Vec::new();
    for row in rows {
        let (person, organisation): (i64, i64) = (row.get(0)?, row.get(1)?);
        let token = secrets::token()?;
        let mut sql = Sql::new(
            "INSERT INTO sessions (token, person, organisation, created_ns, seen_ns, address, agent, second_factor_ns) VALUES (",
        );
        sql.bind(secrets::kept(&token))
            .push(", ")
            .bind_all([person, organisation, now_ns, now_ns]);
        sql.push(", '127.0.0.1', 'load', ").bind(now_ns).push(")");
        sql.run(&*change).await?;
        sessions.push(Session { role, token });
    }
    change.commit().await?;
    Ok(sessions)
}

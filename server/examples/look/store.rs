//! What is looked at and by whom: a hospital with doctors who are signed in, and a synthetic PET-CT. Nobody's data.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};
use database::{Place, Sql};
use pacs::index::Index;
use platform::clock::Clock;
use platform::organisations::{membership, role_store, store as organisations};
use platform::people::store::{self as people, NewAccount};
use platform::permissions::{Kind, Permission};
use platform::settings::Settings;
use platform::{Platform, secrets};

const HOSPITAL: &str = "第一医院";

/// Fills a data folder where it is empty, and signs doctors in: gives of each what the browser holds.
pub async fn fill(uptake: &Path, data: &Path, size: &str, doctors: usize) -> anyhow::Result<Vec<String>> {
    std::fs::create_dir_all(data)?;
    let (hospital, cookies) = {
        let index = Index::open(&Place::Sqlite(data.join("index.sqlite"))).await?;
        let (readers, writer) = (index.readers().clone(), index.turns().clone());
        let settings = Settings::default();
        let platform = Platform::open(readers, writer, &data.join("keys"), settings, Clock::System).await?;
        staff(&platform, doctors).await?
    };
    if !data.join("objects").exists() {
        import(uptake, data, size, hospital)?;
    }
    Ok(cookies)
}

/// The hospital and who looks at its studies, made at need; each is signed in anew.
async fn staff(platform: &Platform, doctors: usize) -> anyhow::Result<(i64, Vec<String>)> {
    let now_ns = platform.clock().now_ns();
    let known = Sql::new("SELECT m.organisation, m.role, m.person FROM memberships m JOIN roles r ON r.id = m.role WHERE r.name = 'look' ORDER BY m.id")
        .all(platform.readers())
        .await?;
    let mut staff: Vec<i64> = Vec::new();
    let mut place = None;
    for row in &known {
        place = Some((row.get(0)?, row.get(1)?));
        staff.push(row.get(2)?);
    }
    let change = platform.writer().begin().await?;
    let (hospital, role) = match place {
        Some(place) => place,
        None => {
            let (hospital, _) = organisations::add(&*change, Kind::Hospital, HOSPITAL, now_ns).await?;
            let role = role_store::Role {
                organisation: hospital,
                name: "look".to_owned(),
                permissions: vec![Permission::StudiesView],
                ..role_store::Role::default()
            };
            (hospital, role_store::add(&*change, &role).await?)
        }
    };
    for place in staff.len()..doctors {
        let mobile = format!("138{place:08}");
        let new = NewAccount {
            kind: "staff",
            state: "active",
            mobile: &mobile,
            name: "李医生",
            password: "none",
            ..NewAccount::default()
        };
        let account = people::add(&*change, &new, now_ns)
            .await?
            .context("a mobile number twice")?;
        membership::add(&*change, account, hospital, role, "active", None, now_ns).await?;
        staff.push(account);
    }
    let mut cookies = Vec::new();
    for person in &staff {
        let token = secrets::token()?;
        let mut sql = Sql::new(
            "INSERT INTO sessions (token, person, organisation, created_ns, seen_ns, address, agent, second_factor_ns) VALUES (",
        );
        sql.bind(secrets::kept(&token))
            .push(", ")
            .bind_all([*person, hospital, now_ns, now_ns]);
        sql.push(", '127.0.0.1', 'look', ").bind(now_ns).push(")");
        sql.run(&*change).await?;
        cookies.push(format!("uptake_session={token}"));
    }
    change.commit().await?;
    Ok((hospital, cookies))
}

/// Makes the PET-CT by `uptake demo`, and brings it in.
fn import(uptake: &Path, data: &Path, size: &str, hospital: i64) -> anyhow::Result<()> {
    let demo = data.join("demo");
    let run = |arguments: &[&str]| {
        let status = Command::new(uptake)
            .args(arguments)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .status()
            .with_context(|| format!("{} cannot be run", uptake.display()))?;
        ensure!(
            status.success(),
            "uptake {} ended with {status}",
            arguments.join(" ")
        );
        anyhow::Ok(())
    };
    let path = |path: &Path| {
        path.to_str()
            .map(str::to_owned)
            .context("a folder whose name is no text")
    };
    let _ = std::fs::remove_dir_all(&demo);
    run(&["demo", &path(&demo)?, "--size", size])?;
    run(&[
        "pacs",
        "import",
        "--organisation",
        &hospital.to_string(),
        "--data",
        &path(data)?,
        &path(&demo.join("petct"))?,
    ])?;
    std::fs::remove_dir_all(&demo)?;
    Ok(())
}

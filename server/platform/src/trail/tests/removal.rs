//! Old entries are removed by two, and nothing of them is lost.

use std::path::{Path, PathBuf};

use database::Sql;
use journal::heads::{Heads, Key};
use journal::{Chain, Entry, verify};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{of_every_kind, write};
use crate::clock::{DAY_NS, MINUTE_NS};
use crate::settings::Settings;
use crate::test_site::{Browser, Site};
use crate::trail::carry_out;
use crate::trail::repository::Repository;
use crate::{secrets, upkeep};

const PATH: &str = "/platform/audit/removal";

/// A site with entries of some days ago, the oldest first, and two audit administrators.
struct Old<'a> {
    site: &'a Site,
    asker: Browser<'a>,
    other: Browser<'a>,
}

impl<'a> Old<'a> {
    async fn new(site: &'a Site, days: &[i64]) -> Self {
        // What a new site writes of itself is older.
        site.pass(455 * DAY_NS);
        let entry = |day: &i64| Entry::new("study.read", "dimse:CT1", site.now_ns() - day * DAY_NS);
        let entries: Vec<Entry> = days.iter().map(entry).collect();
        write(site, &entries).await;
        Self {
            site,
            asker: site.officer("audit").await,
            other: site.officer("audit").await,
        }
    }

    async fn ask(&self, days: &str) -> i64 {
        self.asker.post(PATH, &[("days", days)]).await.leads_to(PATH);
        self.site.count("SELECT MAX(id) FROM journal_removals").await
    }

    /// The state of a removal.
    async fn state(&self, id: i64) -> String {
        let mut sql = Sql::new("SELECT state FROM journal_removals WHERE id = ");
        let row = sql
            .bind(id)
            .one(self.site.platform.readers())
            .await
            .unwrap()
            .unwrap();
        row.get(0).unwrap()
    }

    async fn carry_out(&self) {
        carry_out(&self.site.platform, &kept(self.site)).await.unwrap();
    }

    async fn entries(&self) -> i64 {
        let sql = "SELECT COUNT(*) FROM journal WHERE kind = 'study.read'";
        self.site.count(sql).await
    }
}

/// The folder of what was removed.
fn kept(site: &Site) -> PathBuf {
    site.folder().join("journal-removed")
}

fn action(id: i64, what: &str) -> String {
    format!("{PATH}/{id}/{what}")
}

/// Reads a file of entries: whether each follows from the one before; gives their number and the chain they end with.
fn read(path: &Path, follows: Option<&Chain>) -> (usize, Chain) {
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    let head: Value = serde_json::from_str(lines.next().unwrap()).unwrap();
    let mut chain = Chain::from_hex(head["follows"].as_str().unwrap()).unwrap();
    assert_eq!(&chain, follows.unwrap_or(&Chain::BEGINNING));
    let mut count = 0;
    for line in lines {
        let line: Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| line[name].as_str().map(str::to_owned);
        let entry = Entry {
            organisation: line["organisation"].as_i64(),
            subject: text("subject"),
            study_uid: text("study_uid"),
            series_uid: text("series_uid"),
            sop_uid: text("sop_uid"),
            hash: text("hash"),
            address: text("address"),
            request: text("request"),
            detail: text("detail"),
            ..Entry::new(
                text("kind").unwrap(),
                text("actor").unwrap(),
                line["at_ns"].as_i64().unwrap(),
            )
        };
        chain = chain.with(&entry);
        assert_eq!(text("chain").unwrap(), chain.to_hex());
        count += 1;
    }
    (count, chain)
}

#[tokio::test]
async fn one_asks_another_confirms_and_what_goes_is_in_a_file_with_its_chain() {
    let site = Site::new().await;
    let key = Key::open(&site.folder().join("keys/journal")).unwrap();
    let heads = Heads::at(site.folder().join("heads"));
    let (account, _) = site.account("冯医生").await;
    write(&site, &of_every_kind(account, site.now_ns() - 300 * DAY_NS)).await;
    upkeep::seal(&site.platform, &key, &heads).await.unwrap();
    let before = site.count("SELECT COUNT(*) FROM journal").await;
    let old = Old::new(&site, &[250, 201, 199, 3]).await;
    upkeep::seal(&site.platform, &key, &heads).await.unwrap();
    let id = old.ask("200").await;
    let asked = site.entries("audit.removal-asked").await;
    let detail: Value = serde_json::from_str(asked[0].detail.as_deref().unwrap()).unwrap();
    assert_eq!(
        (&detail["days"], &detail["entries"]),
        (&200.into(), &(before + 2).into())
    );
    // The other one is told, and finds it.
    assert!(
        old.other
            .get("/notifications")
            .await
            .text
            .contains("申请清除旧的审计日志")
    );
    assert!(old.other.get(PATH).await.text.contains(&action(id, "confirm")));
    let own = old.asker.get(PATH).await.text;
    assert!(!own.contains(&action(id, "confirm")) && own.contains(&action(id, "withdraw")));
    old.carry_out().await;
    assert_eq!(old.entries().await, 5);
    old.other.post(&action(id, "confirm"), &[]).await.leads_to(PATH);
    assert_eq!(old.state(id).await, "confirmed");
    old.carry_out().await;
    assert_eq!(old.state(id).await, "done");
    assert_eq!(old.entries().await, 2);
    let removed = site.entries("audit.removed").await;
    let detail: Value = serde_json::from_str(removed[0].detail.as_deref().unwrap()).unwrap();
    let path = kept(&site).join(detail["file"].as_str().unwrap());
    let bytes = std::fs::read(&path).unwrap();
    assert_eq!(removed[0].hash, Some(secrets::hex(&Sha256::digest(&bytes))));
    let (count, chain) = read(&path, None);
    assert_eq!(count as i64, before + 2);
    // The file ends where the journal goes on.
    let begins = journal::beginning(site.platform.readers()).await.unwrap();
    assert_eq!(begins, (before + 2, chain));
    upkeep::seal(&site.platform, &key, &heads).await.unwrap();
    let heads = heads.read(&key.public()).unwrap();
    let report = verify::verify(site.platform.readers(), &heads).await.unwrap();
    assert_eq!(report.findings, []);
    assert_eq!(heads.len(), 3);
    let page = old.asker.get(PATH).await.text;
    assert!(page.contains("已清除"), "{page}");
}

#[tokio::test]
async fn nobody_confirms_what_they_asked_for_and_no_other_administrator_takes_part() {
    let site = Site::new().await;
    let old = Old::new(&site, &[300]).await;
    let id = old.ask("180").await;
    let [system, security] = [
        site.officer("organisations").await,
        site.officer("accounts").await,
    ];
    for (who, what) in [
        (&old.asker, "confirm"),
        (&system, "confirm"),
        (&security, "confirm"),
        (&system, "withdraw"),
        (&security, "withdraw"),
    ] {
        who.post(&action(id, what), &[]).await.is(403);
    }
    assert_eq!(site.entries("access.refused").await.len(), 5);
    for who in [&system, &security] {
        who.get(PATH).await.is(403);
        who.post(PATH, &[("days", "180")]).await.is(403);
        // Whether there is one is not told either.
        who.post(&action(id + 1, "confirm"), &[]).await.is(403);
    }
    for forged in [(id + 1).to_string().as_str(), "0", "-1"] {
        let path = format!("{PATH}/{forged}/confirm");
        old.other.post(&path, &[]).await.is(404);
    }
    old.other.post(&format!("{PATH}/x/confirm"), &[]).await.is(400);
    old.carry_out().await;
    assert_eq!((old.state(id).await.as_str(), old.entries().await), ("asked", 1));
}

#[tokio::test]
async fn what_is_too_young_is_not_asked_for() {
    let site = Site::with(Settings {
        journal_days: 400,
        ..Settings::default()
    })
    .await;
    let old = Old::new(&site, &[450, 390, 2]).await;
    for (days, words) in [
        ("399", "400 至 36500"),
        ("0", "400 至 36500"),
        ("-400", "400 至 36500"),
        ("", "400 至 36500"),
        ("=400", "400 至 36500"),
        ("99999999999999999999", "400 至 36500"),
        ("460", "没有这么早的记录"),
    ] {
        let page = old.asker.post(PATH, &[("days", days)]).await;
        page.is(422);
        assert!(page.text.contains(words), "{days}: {}", page.text);
        assert!(
            page.text.contains(&format!("value=\"{days}\"")),
            "what was typed is kept"
        );
    }
    assert_eq!(site.count("SELECT COUNT(*) FROM journal_removals").await, 0);
    let id = old.ask("400").await;
    // A site that keeps them longer meanwhile keeps them.
    let change = site.platform.writer().begin().await.unwrap();
    Sql::new("UPDATE journal_removals SET days = 399")
        .run(&*change)
        .await
        .unwrap();
    change.commit().await.unwrap();
    old.other.post(&action(id, "confirm"), &[]).await.is(409);
    assert_eq!(old.state(id).await, "asked");
}

#[tokio::test]
async fn it_is_confirmed_within_a_week_and_decided_once() {
    let site = Site::new().await;
    let old = Old::new(&site, &[300, 2]).await;
    let late = old.ask("180").await;
    // One at a time.
    old.other.post(PATH, &[("days", "200")]).await.is(409);
    // Sessions end meanwhile; their people sign in again.
    site.pass(7 * DAY_NS);
    let [asker, other] = [site.officer("audit").await, site.officer("audit").await];
    other.post(&action(late, "confirm"), &[]).await.is(409);
    assert!(other.get(PATH).await.text.contains("逾期未确认"));
    asker.post(PATH, &[("days", "180")]).await.leads_to(PATH);
    let second = late + 1;
    other.post(&action(second, "withdraw"), &[]).await.leads_to(PATH);
    other.post(&action(second, "confirm"), &[]).await.is(409);
    asker.post(PATH, &[("days", "180")]).await.leads_to(PATH);
    let third = second + 1;
    site.pass(7 * DAY_NS - 20 * MINUTE_NS);
    let other = site.officer("audit").await;
    other.post(&action(third, "confirm"), &[]).await.leads_to(PATH);
    other.post(&action(third, "withdraw"), &[]).await.is(409);
    old.carry_out().await;
    let states = [
        old.state(late).await,
        old.state(second).await,
        old.state(third).await,
    ];
    assert_eq!(states, ["asked", "withdrawn", "done"]);
    assert_eq!(old.entries().await, 1);
    assert_eq!(site.entries("audit.removal-withdrawn").await.len(), 1);
}

#[tokio::test]
async fn whoever_asked_must_still_be_an_audit_administrator() {
    let site = Site::new().await;
    let old = Old::new(&site, &[300]).await;
    let id = old.ask("180").await;
    let change = site.platform.writer().begin().await.unwrap();
    let mut sql = Sql::new(
        "UPDATE memberships SET state = 'ended' WHERE person = (SELECT asked_by FROM journal_removals WHERE id = ",
    );
    sql.bind(id).push(")").run(&*change).await.unwrap();
    change.commit().await.unwrap();
    old.other.post(&action(id, "confirm"), &[]).await.is(409);
    assert_eq!(old.state(id).await, "asked");
}

#[tokio::test]
async fn what_the_audit_repository_has_not_taken_stays() {
    let site = Site::with(Settings {
        audit_repository: Some(Repository {
            host: "localhost".to_owned(),
            port: 1,
            tls: None,
        }),
        ..Settings::default()
    })
    .await;
    let old = Old::new(&site, &[300, 2]).await;
    let id = old.ask("180").await;
    old.other.post(&action(id, "confirm"), &[]).await.is(409);
    let change = site.platform.writer().begin().await.unwrap();
    let sql = "INSERT INTO audit_deliveries (id, last, at_ns) SELECT 1, last, 5 FROM journal_removals";
    Sql::new(sql).run(&*change).await.unwrap();
    change.commit().await.unwrap();
    old.other.post(&action(id, "confirm"), &[]).await.leads_to(PATH);
}

#[tokio::test]
async fn what_was_broken_off_goes_on_and_a_file_with_other_entries_stays() {
    let site = Site::new().await;
    let old = Old::new(&site, &[300, 299, 2]).await;
    let id = old.ask("180").await;
    old.other.post(&action(id, "confirm"), &[]).await.leads_to(PATH);
    let last = site.count("SELECT last FROM journal_removals").await;
    let first = site.count("SELECT MIN(id) FROM journal").await;
    let path = kept(&site).join(format!("journal-{first:012}-{last:012}.jsonl"));
    std::fs::create_dir_all(kept(&site)).unwrap();
    // Another's file is not written over, and without a file nothing is removed.
    std::fs::write(&path, "{}\n").unwrap();
    carry_out(&site.platform, &kept(&site)).await.unwrap_err();
    assert_eq!(
        (old.state(id).await.as_str(), old.entries().await),
        ("confirmed", 3)
    );
    std::fs::remove_file(&path).unwrap();
    // A file that was cut off is begun again.
    std::fs::write(path.with_extension("jsonl.unfinished"), "{\"jour").unwrap();
    old.carry_out().await;
    assert_eq!((old.state(id).await.as_str(), old.entries().await), ("done", 1));
    let (count, chain) = read(&path, None);
    // A file that was written before a loss of power is taken as it is, and a later one follows it.
    assert!(count >= 2);
    site.pass(190 * DAY_NS);
    let [asker, other] = [site.officer("audit").await, site.officer("audit").await];
    asker.post(PATH, &[("days", "180")]).await.leads_to(PATH);
    other.post(&action(id + 1, "confirm"), &[]).await.leads_to(PATH);
    old.carry_out().await;
    let last_too = site.count("SELECT MAX(last) FROM journal_removals").await;
    let path = kept(&site).join(format!("journal-{:012}-{last_too:012}.jsonl", last + 1));
    read(&path, Some(&chain));
    let report = verify::verify(site.platform.readers(), &[]).await.unwrap();
    assert_eq!(report.findings, []);
}

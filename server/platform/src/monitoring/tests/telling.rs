//! Who is told, when, how often.

use super::super::{alarms, on_call};
use super::*;
use crate::clock::{DAY_NS, MINUTE_NS};
use crate::people::store as people;
use crate::test_site::Browser;

/// Puts a new system administrator on call through the page.
async fn on_call(site: &Site, page: &Browser<'_>, name: &str, position: &str, quiet: [&str; 2]) -> i64 {
    let (account, _) = site.account(name).await;
    let own = site.own().await;
    let role = crate::organisations::role_store::holding(site.platform.readers(), own, "monitoring")
        .await
        .unwrap()
        .unwrap();
    site.join(account, own, role).await;
    let person = account.to_string();
    let fields = [
        ("person", person.as_str()),
        ("position", position),
        ("quiet_from", quiet[0]),
        ("quiet_until", quiet[1]),
        ("wait_minutes", "15"),
    ];
    page.post("/platform/monitoring/on-call", &fields)
        .await
        .leads_to("/platform/monitoring/on-call");
    account
}

/// Texts in the outbox for a person.
async fn texts(site: &Site, person: i64) -> i64 {
    let sql = format!(
        "SELECT COUNT(*) FROM outbox WHERE channel = 'sms' AND template = 'alarm' AND person = {person}"
    );
    site.count(&sql).await
}

async fn fault(site: &Site, kind: Kind, subject: &str) {
    let change = site.platform.writer().begin().await.unwrap();
    raise(&site.platform, &change, kind, subject, "").await.unwrap();
    change.commit().await.unwrap();
}

async fn repair(site: &Site, kind: Kind, subject: &str) {
    let change = site.platform.writer().begin().await.unwrap();
    clear(&site.platform, &change, kind, subject).await.unwrap();
    change.commit().await.unwrap();
}

async fn round(site: &Site) {
    let change = site.platform.writer().begin().await.unwrap();
    alarms::end_calm(&change, site.now_ns()).await.unwrap();
    on_call::round(&site.platform, &change).await.unwrap();
    change.commit().await.unwrap();
}

#[tokio::test]
async fn system_administrators_are_notified_at_once_and_once() {
    let site = Site::new().await;
    let system = site.officer("monitoring").await;
    site.officer("accounts").await;
    for _ in 0..5 {
        fault(&site, Kind::BackupFailed, "backup").await;
    }
    assert_eq!(
        people::holding(site.platform.readers(), "monitoring")
            .await
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        site.count("SELECT COUNT(*) FROM notifications WHERE kind = 'alarm-backup-failed'")
            .await,
        1
    );
    let page = system.get("/notifications").await.text;
    assert!(page.contains("告警：备份失败（backup）"), "{page}");
    assert_eq!(site.count("SELECT count FROM alarms").await, 5);
}

#[tokio::test]
async fn a_warning_that_gets_critical_is_told_again() {
    let site = Site::new().await;
    site.officer("monitoring").await;
    let said = Said::well();
    let mut watch = watching(&site, "node", said.clone()).await;
    said.say("disk:data", Some(85.0));
    pass(&site, &mut watch, 40).await;
    said.say("disk:data", Some(95.0));
    pass(&site, &mut watch, 40).await;
    assert_eq!(open(&site).await, [(Kind::DiskLow, Severity::Critical)]);
    assert_eq!(site.count("SELECT COUNT(*) FROM notifications").await, 2);
    assert_eq!(site.entries("alarm.raised").await.len(), 2);
}

#[tokio::test]
async fn the_next_is_told_when_nobody_acknowledges() {
    let site = Site::new().await;
    let system = site.officer("monitoring").await;
    let first = on_call(&site, &system, "值班甲", "1", ["00:00", "00:00"]).await;
    let second = on_call(&site, &system, "值班乙", "2", ["00:00", "00:00"]).await;
    fault(&site, Kind::StorageUnreachable, "server:1").await;
    round(&site).await;
    assert_eq!((texts(&site, first).await, texts(&site, second).await), (1, 0));
    site.pass(14 * MINUTE_NS);
    round(&site).await;
    assert_eq!((texts(&site, first).await, texts(&site, second).await), (1, 0));
    site.pass(MINUTE_NS);
    round(&site).await;
    round(&site).await;
    assert_eq!((texts(&site, first).await, texts(&site, second).await), (1, 1));
    // The same condition again within the hour: nobody gets a second text.
    repair(&site, Kind::StorageUnreachable, "server:1").await;
    site.pass(10 * MINUTE_NS);
    fault(&site, Kind::StorageUnreachable, "server:1").await;
    round(&site).await;
    assert_eq!(texts(&site, first).await, 1);
    repair(&site, Kind::StorageUnreachable, "server:1").await;
    site.pass(60 * MINUTE_NS);
    fault(&site, Kind::StorageUnreachable, "server:1").await;
    round(&site).await;
    assert_eq!(texts(&site, first).await, 2);
    // Once acknowledged, nobody further is told.
    let id = site.count("SELECT MAX(id) FROM alarms").await;
    let path = format!("/platform/monitoring/alarms/{id}/acknowledge");
    system.post(&path, &[]).await.leads_to("/platform/monitoring");
    site.pass(DAY_NS);
    round(&site).await;
    assert_eq!((texts(&site, first).await, texts(&site, second).await), (2, 1));
    assert_eq!(site.entries("alarm.acknowledged").await.len(), 1);
}

#[tokio::test]
async fn warnings_wait_for_the_morning_and_what_is_critical_does_not() {
    let site = Site::new().await;
    let system = site.officer("monitoring").await;
    // The clock stands at 10:00 in China.
    let person = on_call(&site, &system, "值班甲", "1", ["09:00", "11:00"]).await;
    fault(&site, Kind::CpuHigh, "server:1").await;
    round(&site).await;
    assert_eq!(texts(&site, person).await, 0);
    fault(&site, Kind::JournalBroken, "server:1").await;
    round(&site).await;
    assert_eq!(texts(&site, person).await, 1);
    site.pass(59 * MINUTE_NS);
    round(&site).await;
    assert_eq!(texts(&site, person).await, 1);
    site.pass(MINUTE_NS);
    round(&site).await;
    assert_eq!(texts(&site, person).await, 2);
}

#[tokio::test]
async fn what_comes_and_goes_stays_one_alarm_and_is_told_of_once() {
    let site = Site::new().await;
    let system = site.officer("monitoring").await;
    let person = on_call(&site, &system, "值班甲", "1", ["00:00", "00:00"]).await;
    let told =
        format!("SELECT COUNT(*) FROM notifications WHERE kind = 'alarm-probe-failed' AND person = {person}");
    for _ in 0..12 {
        fault(&site, Kind::ProbeFailed, "server:7").await;
        round(&site).await;
        site.pass(20 * SECOND_NS);
        repair(&site, Kind::ProbeFailed, "server:7").await;
        site.pass(20 * SECOND_NS);
    }
    let open = open_alarms(site.platform.readers()).await.unwrap();
    assert_eq!(open.len(), 1);
    assert!(open[0].is_flapping);
    // Three times as it came, once that it comes and goes; one text in the hour.
    assert_eq!(site.count(&told).await, 4);
    assert_eq!(texts(&site, person).await, 1);
    assert!(system.get("/platform/monitoring").await.text.contains("反复出现"));
    // Calm for long enough it is over.
    site.pass(14 * MINUTE_NS);
    round(&site).await;
    assert_eq!(open_alarms(site.platform.readers()).await.unwrap().len(), 1);
    site.pass(MINUTE_NS);
    round(&site).await;
    assert!(open_alarms(site.platform.readers()).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_text_names_the_server_and_the_fault_and_no_number_is_in_the_journal() {
    let site = Site::new().await;
    let system = site.officer("monitoring").await;
    on_call(&site, &system, "值班甲", "1", ["00:00", "00:00"]).await;
    let said = Said::well();
    let mut watch = watching(&site, "node-7", said.clone()).await;
    said.say("disk:data", Some(95.0));
    pass(&site, &mut watch, 40).await;
    let id = site.count("SELECT MAX(id) FROM outbox").await;
    let page = system.get(&format!("/platform/outbox/{id}/content")).await.text;
    assert!(
        page.contains("node-7 · data") && page.contains("磁盘空间不足"),
        "{page}"
    );
    assert_eq!(
        site.count("SELECT COUNT(*) FROM journal WHERE detail LIKE '%138%'")
            .await,
        0
    );
}

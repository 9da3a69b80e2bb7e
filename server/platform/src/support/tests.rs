//! Tickets and who sees them; a bundle that has nothing of anybody.

use std::io::Read as _;
use std::path::PathBuf;

use database::{Connection as _, Database, Place, Sql};
use tracing_subscriber::layer::SubscriberExt as _;

use super::without_secrets;
use crate::permissions::Kind;
use crate::test_site::Site;

const RIGHT: [(&str, &str); 3] = [
    ("subject", "无法打开设备页面"),
    ("severity", "hindrance"),
    ("body", "打开设备页面时出现错误 500。\n期望看到列表。"),
];

#[tokio::test]
async fn a_ticket_reaches_the_operator_and_the_answer_comes_back() {
    let site = Site::new().await;
    let hospital = site.organisation(Kind::Hospital, "第一医院").await;
    let system = site.officer("monitoring").await;
    let asker = site.administrator(hospital).await;
    let other = site.member(hospital, &[]).await;
    let page = asker.post("/support", &RIGHT).await;
    page.is(303);
    let own = page.location.clone();
    let id = own.rsplit('/').next().unwrap();
    let all = format!("/platform/support/{id}");
    assert!(system.get("/").await.text.contains("李主任 请求技术支持"));
    assert!(
        system
            .get("/platform/support")
            .await
            .text
            .contains("无法打开设备页面")
    );
    let shown = system.get(&all).await.text;
    assert!(shown.contains("错误 500。<br>期望看到列表。"), "{shown}");
    system
        .post(&all, &[("body", "已修复，请重试。")])
        .await
        .leads_to(&all);
    assert!(!system.get("/").await.text.contains("请求技术支持"));
    assert!(asker.get("/notifications").await.text.contains("技术支持已答复"));
    assert!(asker.get(&own).await.text.contains("已修复"));
    // Another's ticket is not there.
    other.get(&own).await.is(404);
    other.post(&own, &[("body", "x")]).await.is(404);
    other.post(&format!("{own}/close"), &[]).await.is(404);
    assert!(!other.get("/support").await.text.contains("无法打开"));
    asker
        .post(&format!("{own}/close"), &[])
        .await
        .leads_to("/support");
    asker.post(&own, &[("body", "还有")]).await.is(409);
    for (kind, count) in [("ticket.opened", 1), ("ticket.answered", 1), ("ticket.closed", 1)] {
        assert_eq!(site.entries(kind).await.len(), count, "{kind}");
    }
}

#[tokio::test]
async fn fields_that_are_wrong_are_said_and_nothing_is_stored() {
    let site = Site::new().await;
    let hospital = site.organisation(Kind::Hospital, "第一医院").await;
    let asker = site.administrator(hospital).await;
    let long = "长".repeat(4001);
    for (name, value, field) in [
        ("subject", "", "subject"),
        ("subject", "=HYPERLINK(1)", "subject"),
        ("subject", "<script>alert(1)</script>", "subject"),
        ("severity", "none", "severity"),
        ("body", "", "body"),
        ("body", "\u{202e}abc", "body"),
        ("body", long.as_str(), "body"),
    ] {
        let mut fields = RIGHT;
        fields
            .iter_mut()
            .filter(|one| one.0 == name)
            .for_each(|one| one.1 = value);
        let page = asker.post("/support", &fields).await;
        page.is(422);
        assert!(page.text.contains(&format!("{field}-error")), "{name} {value}");
        if name != "body" {
            assert!(page.text.contains("期望看到列表"), "what was typed is kept");
        }
        assert!(!page.text.contains("<script>alert"));
    }
    assert_eq!(site.count("SELECT COUNT(*) FROM tickets").await, 0);
}

/// What must not be found, as people, hospitals and programs write it.
const PLANTED: [&str; 6] = [
    "欧阳测试患者",
    "OuyangPlanted",
    "ouyangplanted",
    "P20261234567",
    "13912345678",
    "tok-PLANTED-secret-0123456789",
];

/// Puts planted text into every column of every table that holds text or bytes.
async fn plant(file: PathBuf) -> usize {
    let database = Database::open(&Place::Sqlite(file), 1).await.unwrap();
    database
        .batch("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON;")
        .await
        .unwrap();
    let tables =
        Sql::new("SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'");
    let mut planted = 0;
    for table in tables.all(&database).await.unwrap() {
        let table: String = table.get(0).unwrap();
        let columns = Sql::new(format!("SELECT name, type FROM pragma_table_info('{table}')"));
        let columns: Vec<(String, String)> = columns
            .all(&database)
            .await
            .unwrap()
            .iter()
            .map(|row| (row.get(0).unwrap(), row.get(1).unwrap()))
            .collect();
        if !columns.iter().any(|(_, of)| of == "TEXT" || of == "BLOB") {
            continue;
        }
        for (number, word) in PLANTED.iter().enumerate() {
            let number = 900_000 + number;
            let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
            let values: Vec<String> = columns
                .iter()
                .map(|(name, of)| match of.as_str() {
                    // Without its chain the journal takes no more entries.
                    _ if name == "chain" => "zeroblob(32)".to_owned(),
                    "TEXT" => format!("'{word} {table} {number}'"),
                    "BLOB" => format!("CAST('{word} {number}' AS BLOB)"),
                    _ => number.to_string(),
                })
                .collect();
            let (names, values) = (names.join(", "), values.join(", "));
            let sql = format!("INSERT INTO {table} ({names}) VALUES ({values})");
            planted += Sql::new(sql)
                .run(&database)
                .await
                .map(usize::try_from)
                .map_or(0, |done| done.unwrap());
            // Also as it could stand among what is read: an alarm of a known kind, a server, a figure.
        }
    }
    for sql in [
        "UPDATE alarms SET kind = 'disk-low', severity = 'critical', subject = 'server:1/disk:ouyangplanted' WHERE id = 900000",
        "UPDATE alarms SET kind = 'cpu-high', severity = 'warning', subject = 'server:13912345678' WHERE id = 900001",
        "UPDATE readings SET metric = 'disk:OuyangPlanted' WHERE server = 900000",
        "UPDATE servers SET removed_ns = NULL",
    ] {
        Sql::new(sql).run(&database).await.unwrap();
    }
    planted
}

fn files(zip: Vec<u8>) -> Vec<(String, String)> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(zip)).unwrap();
    (0..archive.len())
        .map(|at| {
            let mut file = archive.by_index(at).unwrap();
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            (file.name().unwrap().into_owned(), text)
        })
        .collect()
}

#[tokio::test]
async fn nothing_that_was_planted_anywhere_is_in_the_bundle() {
    let site = Site::new().await;
    let system = site.officer("monitoring").await;
    // What reads the rows is the same for PostgreSQL; what plants into each table is not.
    let Some(file) = site.database() else {
        return;
    };
    let planted = plant(file).await;
    assert!(planted > 200, "{planted} rows");
    site.platform.tell_configuration(format!(
        "data = \"uptake-data\"\n[site]\npassword = \"{}\"\nsecret_file = \"/run/secrets/wechat\"\n",
        PLANTED[5]
    ));
    let subscriber = tracing_subscriber::registry().with(super::lines::Keep);
    tracing::subscriber::with_default(subscriber, || {
        for word in PLANTED {
            tracing::error!(
                status = 500_u64,
                route = "/devices/{id}",
                patient = word,
                "{word} failed"
            );
            tracing::error!(route = word, method = word, what = word, action = %word, error = ?word);
        }
    });
    let page = system.get("/platform/support/bundle").await;
    page.is(200);
    assert_eq!(page.headers["content-type"], "application/zip");
    let files = files(page.bytes);
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "README.txt",
            "versions.json",
            "configuration.toml",
            "servers.json",
            "alarms.json",
            "tables.json",
            "log.txt"
        ]
    );
    for (name, text) in &files {
        for word in PLANTED {
            let found = text.to_lowercase().contains(&word.to_lowercase());
            assert!(!found, "{word} in {name}: {text}");
        }
    }
    let text = |name: &str| &files.iter().find(|(one, _)| one == name).unwrap().1;
    // What it is for is in it.
    assert!(
        text("log.txt").contains("status=500 route=/devices/{id}"),
        "{}",
        text("log.txt")
    );
    assert!(text("alarms.json").contains("\"kind\": \"disk-low\""));
    assert!(text("alarms.json").contains("\"metric\": \"disk:other\""));
    assert!(text("versions.json").contains(env!("CARGO_PKG_VERSION")));
    assert!(text("tables.json").contains("\"people\":"));
    assert!(text("configuration.toml").contains("secret_file = \"/run/secrets/wechat\""));
    assert_eq!(site.entries("bundle.made").await.len(), 1);
}

#[test]
fn secrets_of_settings_are_left_out() {
    let shown = without_secrets(
        "listen = \"127.0.0.1:8080\"\npassword = \"abc\"\nWeChat_Secret = 'abc'\napp_id = \"abc\"\nurl = \"https://me:abc@host/\"\n\
         postgres_url_file = \"/run/abcd\"\n[tokens]\n",
    );
    assert!(
        !shown.contains("abc\"") && !shown.contains("'abc'") && !shown.contains("me:abc"),
        "{shown}"
    );
    for kept in [
        "127.0.0.1:8080",
        "/run/abcd",
        "[tokens]",
        "password = \"(left out)\"",
    ] {
        assert!(shown.contains(kept), "{kept}");
    }
}

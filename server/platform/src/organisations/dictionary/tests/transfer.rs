//! Dictionaries that come and go as tables.

use super::*;
use crate::test_site::{Browser, Page};

async fn send(browser: &Browser<'_>, path: &str, file: &[u8]) -> Page {
    let mut body = b"--cut\r\ncontent-disposition: form-data; name=\"once\"\r\n\r\n\r\n--cut\r\n\
        content-disposition: form-data; name=\"file\"; filename=\"a.xlsx\"\r\n\r\n"
        .to_vec();
    body.extend_from_slice(file);
    body.extend_from_slice(b"\r\n--cut--\r\n");
    let body = Some((body, "multipart/form-data; boundary=cut".to_owned()));
    let headers = [("sec-fetch-site", "same-origin")];
    browser
        .send_body(axum::http::Method::POST, path, body, &headers)
        .await
}

/// A table with the columns of a kind and some rows.
fn table(kind: Words, rows: &[&[&str]]) -> Vec<u8> {
    let empty = sheet::write(kind, &[], Language::Chinese).unwrap();
    let mut header: calamine::Xlsx<_> = calamine::Reader::new(std::io::Cursor::new(empty)).unwrap();
    let header = calamine::Reader::worksheet_range_at(&mut header, 0)
        .unwrap()
        .unwrap();
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let page = workbook.add_worksheet();
    for (at, cell) in (0..).zip(header.rows().next().unwrap()) {
        page.write_string(0, at, cell.to_string()).unwrap();
    }
    for (row, cells) in (1..).zip(rows) {
        for (at, cell) in (0..).zip(*cells) {
            page.write_string(row, at, *cell).unwrap();
        }
    }
    workbook.save_to_buffer().unwrap()
}

#[tokio::test]
async fn what_was_exported_comes_back_the_same() {
    let site = Site::new().await;
    let hospital = site.organisation(Kind::Hospital, "第一医院").await;
    let browser = site.administrator(hospital).await;
    for kind in Words::ALL {
        let word = kind.word();
        let before = store::list(site.platform.readers(), Some(hospital), &all(kind))
            .await
            .unwrap();
        let file = browser.get(&format!("/dictionary/export?kind={word}")).await;
        file.is(200);
        assert!(
            file.headers["content-disposition"]
                .to_str()
                .unwrap()
                .contains(&format!("dictionary-{word}.xlsx"))
        );
        send(&browser, &format!("/dictionary/import?kind={word}"), &file.bytes)
            .await
            .leads_to(&format!("/dictionary?kind={word}"));
        let after = store::list(site.platform.readers(), Some(hospital), &all(kind))
            .await
            .unwrap();
        assert_eq!(before.len(), after.len(), "{word}");
        for (before, after) in before.iter().zip(&after) {
            assert_eq!(after.organisation, Some(hospital));
            let same = |entry: &Entry| {
                (
                    entry.code.clone(),
                    entry.name_zh.clone(),
                    entry.name_en.clone(),
                    entry.detail.clone(),
                )
            };
            assert_eq!(same(before), same(after));
        }
    }
    assert_eq!(site.entries("dictionary.imported").await.len(), 8);
    assert_eq!(site.entries("dictionary.exported").await.len(), 8);
}

fn all(kind: Words) -> store::Asked<'static> {
    store::Asked {
        kind,
        words: "",
        is_retired: None,
        after: 0,
        limit: 10_000,
    }
}

#[tokio::test]
async fn one_wrong_row_keeps_the_whole_table_out_and_says_which_and_why() {
    let site = Site::new().await;
    let hospital = site.organisation(Kind::Hospital, "第一医院").await;
    let browser = site.administrator(hospital).await;
    let before = site.count("SELECT COUNT(*) FROM dictionary").await;
    let good: &[&str] = &["X1", "甲", "One", "", "", "THYROID", "STATIC", ""];
    for (row, shown) in [
        (&["", "乙", "Two"][..], ["4", "编码", "请填写此项"]),
        (&["X1", "乙", "Two"][..], ["4", "编码", "该编码在文件中重复"]),
        (
            &["X2", "=HYPERLINK(1)", "Two"][..],
            ["4", "中文名称", "只能使用文字、数字和常用标点"],
        ),
        (
            &["X2", "乙", "-SUM"][..],
            ["4", "英文名称", "不能以 = + - @ 开头"],
        ),
        (
            &["X2", "乙", "Two", "", "", "NOWHERE"][..],
            ["4", "检查部位", "字典中没有该编码"],
        ),
        (
            &["X2", "乙", "Two", "", "", "", "", "也许"][..],
            ["4", "是否停用", "请从列表中选择"],
        ),
        (
            &["X2", "<script>", "Two"][..],
            ["4", "中文名称", "只能使用文字、数字和常用标点"],
        ),
    ] {
        // An empty row between is passed over and counted.
        let page = send(
            &browser,
            "/dictionary/import?kind=item",
            &table(Words::Item, &[good, &[], row]),
        )
        .await;
        page.is(422);
        for word in shown {
            assert!(
                page.text.contains(&format!(">{word}</td>")),
                "{row:?} {word}: {}",
                page.text
            );
        }
    }
    for (file, sentence) in [
        (Vec::new(), "请选择 Excel 表格文件"),
        (b"code;name\n".to_vec(), "请选择 Excel 表格文件"),
        (table(Words::Tag, &[&["X1", "甲", "One"]]), "列名与该类字典不符"),
        (table(Words::Item, &vec![good; 10_001]), "最多 10000 行"),
        (vec![b'x'; 5 * 1024 * 1024 + 1], "文件过大"),
        (vec![b'x'; 11 * 1024 * 1024], "文件过大"),
    ] {
        let page = send(&browser, "/dictionary/import?kind=item", &file).await;
        page.is(422);
        assert!(page.text.contains(sentence), "{sentence}: {}", page.text);
    }
    assert_eq!(site.count("SELECT COUNT(*) FROM dictionary").await, before);
    assert!(site.entries("dictionary.imported").await.is_empty());
    let rows: &[&[&str]] = &[good, &["X2", "'+乙", "Two", "", "", "", "", "是"]];
    send(
        &browser,
        "/dictionary/import?kind=item",
        &table(Words::Item, rows),
    )
    .await
    .is(422);
    let rows: &[&[&str]] = &[good, &["X2", "乙", "Two", "", "", "", "", "是"]];
    send(
        &browser,
        "/dictionary/import?kind=item",
        &table(Words::Item, rows),
    )
    .await
    .is(303);
    assert_eq!(
        site.count("SELECT COUNT(*) FROM dictionary WHERE retired_ns IS NOT NULL")
            .await,
        1
    );
    // As many rows as are read.
    let codes: Vec<String> = (0..10_000).map(|number| format!("R{number}")).collect();
    let rows: Vec<[&str; 3]> = codes.iter().map(|code| [code.as_str(), "名称", "Name"]).collect();
    let rows: Vec<&[&str]> = rows.iter().map(<[&str; 3]>::as_slice).collect();
    send(
        &browser,
        "/dictionary/import?kind=item",
        &table(Words::Item, &rows),
    )
    .await
    .is(303);
    assert_eq!(
        site.count(
            "SELECT COUNT(*) FROM dictionary WHERE code LIKE 'R%' AND kind = 'item' AND name_zh = '名称'"
        )
        .await,
        10_000
    );
}

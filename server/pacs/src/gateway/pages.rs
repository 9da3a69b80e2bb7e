//! The gateway's page: cards that show how it stands, and forms that need no script. Chinese first, English beside it.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::Finding;
use super::local::address;
use super::role::Standing;
use crate::clock::now_ns;
use crate::delivery::{Delivery, State};
use crate::ingest::Refused;
use crate::routing::Destination;

const STYLE: &str = include_str!("style.css");

/// The page, with a message where something did not go.
pub(super) fn page(standing: &Standing, form_token: &str, message: Option<&[String; 2]>) -> Markup {
    html! {
        (DOCTYPE)
        html lang="zh-CN" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "影像前置机 · Gateway" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { "影像前置机 " span lang="en" { "Gateway" } }
                    a href="/" { "刷新 " span lang="en" { "Refresh" } }
                }
                main {
                    @if let Some([chinese, english]) = message {
                        p.message role="alert" { (chinese) " " span lang="en" { (english) } }
                    }
                    div.cards {
                        (service(standing, form_token))
                        @for destination in &standing.destinations {
                            (node(standing, destination, form_token))
                        }
                        @if standing.destinations.is_empty() {
                            section.card {
                                (heading("转发节点", "Destinations"))
                                p { "配置文件中还没有转发节点，收到的影像暂存在本机。" }
                                p.quiet lang="en" { "No destination is configured; what is received stays here." }
                            }
                        }
                    }
                    (held(&standing.held, form_token))
                    (refused(&standing.refused))
                    (log(&standing.delivered))
                }
            }
        }
    }
}

fn heading(chinese: &str, english: &str) -> Markup {
    html! { h2 { (chinese) " " span lang="en" { (english) } } }
}

fn token(form_token: &str) -> Markup {
    html! { input type="hidden" name="form_token" value=(form_token); }
}

fn button(chinese: &str, english: &str) -> Markup {
    html! { button type="submit" { (chinese) " " span lang="en" { (english) } } }
}

fn service(standing: &Standing, form_token: &str) -> Markup {
    let running = standing.service.as_ref();
    let service = running.unwrap_or(&standing.wanted);
    html! {
        section.card {
            (heading("接收服务", "Receive service"))
            p.state.good[running.is_some()].off[running.is_none()] {
                @if running.is_some() { "运行中 " span lang="en" { "Running" } }
                @else { "已停止 " span lang="en" { "Stopped" } }
            }
            @if running.is_some() {
                dl {
                    dt { "端口 " span lang="en" { "Port" } }
                    dd { (service.address.port()) }
                    dt { "AE 标题 " span lang="en" { "AE title" } }
                    dd { (service.ae_title) }
                }
                form method="post" action="/receive/stop" {
                    (token(form_token))
                    (button("停止接收", "Stop"))
                }
            } @else {
                form method="post" action="/receive/start" {
                    (token(form_token))
                    label {
                        span { "端口 " span lang="en" { "Port" } }
                        input type="number" name="port" min="1" max="65535" required value=(service.address.port());
                    }
                    label {
                        span { "AE 标题 " span lang="en" { "AE title" } }
                        input type="text" name="ae_title" maxlength="16" required value=(service.ae_title);
                    }
                    (button("开始接收", "Start"))
                }
            }
        }
    }
}

fn node(standing: &Standing, destination: &Destination, form_token: &str) -> Markup {
    let name = &destination.name;
    let count = |state| {
        let own = standing
            .counts
            .iter()
            .find(|one| one.destination == *name && one.state == state);
        own.map_or(0, |one| one.number)
    };
    let trouble = standing.troubles.get(name);
    let checked = standing.checked.get(name);
    let path = format!("/nodes/{}/test", percent_encoded(name));
    html! {
        section.card {
            (heading(name, "Destination"))
            p.address { (address(&destination.node)) }
            @if let Some(trouble) = trouble {
                p.state.bad { "暂时无法送达 " span lang="en" { "Not reached now" } }
                p.quiet { (trouble.words) " · 连续失败 " (trouble.failures) " 次 · " (ago(trouble.at_ns)) }
            } @else {
                p.state.good { "正常 " span lang="en" { "No trouble" } }
            }
            dl {
                dt { "等待 " span lang="en" { "Waiting" } }
                dd { (count(State::Waiting) + count(State::Sending)) }
                dt { "已送达 " span lang="en" { "Delivered" } }
                dd { (count(State::Delivered)) }
                dt { "已隔离 " span lang="en" { "Held" } }
                dd { (count(State::Quarantined)) }
            }
            @if let Some(checked) = checked {
                @let good = checked.finding == Finding::Good;
                p.good[good].bad[!good] { (checked.finding.in_chinese()) " " span.quiet { (ago(checked.at_ns)) } }
                p.quiet lang="en" { (checked.finding) }
            }
            form method="post" action=(path) {
                (token(form_token))
                (button("测试连接", "Test connection"))
            }
        }
    }
}

fn held(held: &[Delivery], form_token: &str) -> Markup {
    html! {
        section.card.wide {
            (heading("隔离的影像", "Held objects"))
            @if held.is_empty() {
                p.quiet { "没有隔离的影像。 " span lang="en" { "Nothing is held." } }
            } @else {
                p.quiet {
                    "这些影像没有丢失：排除原因后可重新发送。 "
                    span lang="en" { "Nothing of it is lost: send it again when the reason is gone." }
                }
                ul.rows {
                    @for delivery in held {
                        li {
                            div {
                                (identity(delivery))
                                p.reason { (delivery.reason.as_deref().unwrap_or("")) }
                            }
                            form method="post" action=(format!("/deliveries/{}/retry", delivery.id)) {
                                (token(form_token))
                                (button("重新发送", "Send again"))
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What could not be read when it came; absent when nothing was.
fn refused(refused: &[Refused]) -> Markup {
    html! {
        @if !refused.is_empty() {
            section.card.wide {
                (heading("接收时被拒的影像", "Refused on receipt"))
                p.quiet {
                    "共 " (refused.len()) " 个，发送设备已收到失败应答；原始数据保存在数据目录的 refused 文件夹。 "
                    span lang="en" { "The sender was told; the bytes are in the folder refused." }
                }
                ul.rows {
                    @for refused in refused.iter().take(20) {
                        li {
                            div {
                                p.uid { (refused.hash) }
                                p.reason { (refused.words) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn log(delivered: &[Delivery]) -> Markup {
    html! {
        section.card.wide {
            (heading("最近送达", "Delivered last"))
            @if delivered.is_empty() {
                p.quiet { "还没有送达的影像。 " span lang="en" { "Nothing was delivered yet." } }
            } @else {
                ul.rows {
                    @for delivery in delivered {
                        li { (identity(delivery)) }
                    }
                }
            }
        }
    }
}

fn identity(delivery: &Delivery) -> Markup {
    html! {
        div {
            p.uid { (delivery.sop_uid) }
            p.quiet {
                (delivery.destination) " · " (ago(delivery.changed_ns)) " · 尝试 " (delivery.attempts) " 次"
                @if delivery.state == State::Delivered && let Some(words) = &delivery.reason { " · " (words) }
            }
        }
    }
}

/// How long ago, in words: the page knows no time zone.
fn ago(at_ns: i64) -> String {
    let seconds = now_ns().saturating_sub(at_ns) / 1_000_000_000;
    match seconds {
        ..=59 => format!("{} 秒前", seconds.max(0)),
        60..=3599 => format!("{} 分钟前", seconds / 60),
        3600..=86_399 => format!("{} 小时前", seconds / 3600),
        _ => format!("{} 天前", seconds / 86_400),
    }
}

/// A name as one segment of a path (RFC 3986 2.3).
fn percent_encoded(name: &str) -> String {
    let encoded = name.bytes().map(|byte| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    });
    encoded.collect()
}

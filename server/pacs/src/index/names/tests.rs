use dicom_dictionary_std::tags;
use proptest::prelude::*;

use super::{keys, longest_run, words};
use crate::index::attributes;
use crate::index::matching::{self, Key, Match};

fn is_found(name: &str, asked: &str) -> bool {
    let (keys, words) = (keys(name), words(asked));
    !words.is_empty() && words.iter().all(|word| word.is_in(&keys))
}

/// However the name was written, in ideographs or in letters, together or apart.
#[test]
fn chinese_is_found_by_its_sound() {
    let names = [
        "Wang^Xiaoming=王^小明",
        "=王^小明",
        "王^小明",
        "Wang^Xiaoming",
        "WANG^XIAO MING",
        "Wang Xiao-Ming",
        "Wang^Xiaoming=王^小明=おう^しょうめい",
    ];
    for asked in [
        "wang xiaoming",
        "wangxiaoming",
        "Wang^XiaoMing",
        "xiaoming wang",
        "wang xiao",
        "wan",
        "xiaom",
        "ming",
        "wxm",
        "wx",
        "xm",
        "wang xm",
        "ＷＡＮＧ　ｘｍ",
        "wang*",
    ] {
        for name in names {
            assert!(is_found(name, asked), "{asked} in {name}");
        }
    }
    // Within words only where they are written so.
    for asked in ["*ang", "w?ng", "*iaomin*"] {
        assert!(is_found(names[0], asked), "{asked}");
        assert!(!is_found(names[1], asked), "{asked}");
    }
    for asked in [
        "ang", "wm", "wxmm", "xmw", "wang li", "zhang", "李", "!", "", "iaoming",
    ] {
        for name in names {
            assert!(!is_found(name, asked), "{asked} in {name}");
        }
    }
}

#[test]
fn parts_of_names_are_found() {
    for (name, asked) in [
        ("王^小明", "小明"),
        ("王^小明", "明"),
        ("王^小明", "王 明"),
        ("王^小明", "小明 王"),
        ("王^小明", "王xiaoming"),
        ("王^小明", "w小明"),
        ("王小明", "王^小明"),
        ("Wang^Xiaoming=王^小明", "王*明"),
        // Traditional and simplified, either way round.
        ("張^曉東", "张晓东"),
        ("张^晓东", "張曉東"),
        ("Liu^Dehua=劉^德華", "刘德"),
        ("劉^德華", "ldh"),
        ("葉^文潔", "yewenjie"),
        // Sounds, of full and half width, hiragana and katakana.
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "ヤマダ"),
        ("Yamada^Tarou=山田^太郎=ヤマダ^タロウ", "たろう"),
        ("Yamada^Tarou=山田^太郎=ﾔﾏﾀﾞ^ﾀﾛｳ", "やまだ タロウ"),
        ("Hong^Gildong=洪^吉洞=홍^길동", "길동"),
        // Case and marks.
        ("Müller^Åsa", "muller asa"),
        ("MULLER^ASA", "müller"),
        ("Mu\u{308}ller", "Müller"),
        ("O'Neill^Séan", "oneill sean"),
        ("ΠΑΠΑΔΟΠΟΥΛΟΣ", "παπαδοπουλος"),
        ("ＡＢＣ^Ｄ", "abc d"),
        ("Smith^John", "john sm"),
        ("Smith^John", "sj"),
    ] {
        assert!(is_found(name, asked), "{asked} in {name}");
    }
}

/// Surnames that are read otherwise than the character is elsewhere.
#[test]
fn surnames_of_two_readings_are_found_by_either() {
    for (name, asked) in [
        ("单^雄信", "shan xiongxin"),
        ("单^雄信", "sxx"),
        ("单^雄信", "dan"),
        ("曾^国藩", "zeng guofan"),
        ("曾^国藩", "zgf"),
        ("仇^英", "qiu ying"),
        ("仇^英", "qy"),
        ("解^缙", "xie jin"),
        ("区^志明", "ou zhiming"),
        ("查^良镛", "zha liangyong"),
        ("任^正非", "ren zhengfei"),
        ("朴^树", "piao shu"),
        ("朴^树", "pu shu"),
        ("盖^叫天", "ge"),
        ("乐^毅", "yue yi"),
        ("尉迟^恭", "yuchi gong"),
        ("尉迟^恭", "ycg"),
        ("万俟^卨", "moqi"),
        ("长孙^无忌", "zhangsun wuji"),
        ("翟^让", "zhai rang"),
        ("覃^文", "qin wen"),
        ("覃^文", "tan wen"),
        ("缪^文", "miao wen"),
        ("欧阳^修", "ouyang xiu"),
        ("欧阳^修", "oyx"),
        // ü, as it is typed.
        ("吕^布", "lv bu"),
        ("吕^布", "lu bu"),
        ("吕^布", "lyu bu"),
        ("吕^布", "lü bu"),
    ] {
        assert!(is_found(name, asked), "{asked} in {name}");
        let traditional_group = format!("X={name}");
        assert!(
            is_found(&traditional_group, asked),
            "{asked} in {traditional_group}"
        );
    }
}

#[test]
fn keys_stay_few_and_short() {
    for (name, most) in [
        ("Wang^Xiaoming=王^小明", 25),
        ("Ouyang^Nana=欧阳^娜娜", 40),
        ("Zeng^Guofan=曾^国藩", 30),
        (&"单".repeat(64), 64 * 20),
    ] {
        let keys = keys(name);
        assert!(keys.len() <= most, "{} of {name}: {keys:?}", keys.len());
        assert!(keys.iter().all(|key| key.chars().count() <= 17));
    }
}

proptest! {
    /// Fuzzy matching gives all that other matching does, and a pattern's longest run is in every name that it matches.
    #[test]
    fn what_matches_as_written_is_found_by_its_words(
        name in "[a-cA-C王张小明張單éÉΣσςﾔガか^= .'-]{1,10}",
        pattern in "[a-cA-C王张小明張單éÉΣσςﾔガか^= .'*?-]{1,8}",
    ) {
        // A name has three groups (PS3.5 6.2.1): what a pattern has beyond them is matched by its words only.
        prop_assume!(pattern.matches('=').count() <= 2);
        let attribute = attributes::attribute(tags::PATIENT_NAME).unwrap();
        let passes = |matching: &Match| {
            matching::test(attribute, matching).is_some_and(|test| test.passes_name(attribute, &name))
        };
        let key = Key::from_text(tags::PATIENT_NAME, &pattern);
        if passes(&key.matching) {
            let fuzzy = key.clone().into_fuzzy();
            prop_assert!(passes(&fuzzy.matching), "{:?} in {}", fuzzy, name);
            if let Match::Wildcard(text) = &key.matching {
                prop_assert!(longest_run(text).is_none_or(|word| word.is_in(&keys(&name))), "{} in {}", text, name);
            }
        }
    }
}

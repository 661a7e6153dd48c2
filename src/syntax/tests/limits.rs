//! Texts that nobody writes: nothing panics, nothing recurses, time is linear.

use super::parsed;
use crate::diag::{Style, render_all};
use crate::source::SourceMap;
use crate::syntax::{Completeness, completeness, highlight};

/// Debug builds are slow, so the sizes are those at which a quadratic pass would still be noticed.
const MANY: usize = 20_000;

#[test]
fn nested_brackets() {
    let text = format!("let a = {}1{}", "(".repeat(MANY), ")".repeat(MANY));
    let (ast, said) = parsed(&text);
    assert_eq!(said, []);
    assert_eq!(ast.dump_all(), "(let a 1)\n");
    let text = "[".repeat(MANY) + "1" + &"]".repeat(MANY);
    let (ast, said) = parsed(&text);
    assert_eq!((said.len(), ast.dump_all().len()), (0, MANY * 8 + 2));
    for open in ["(", "[", "{", "f(", "x[", "∇(", "-", "not "] {
        let (_, said) = parsed(&open.repeat(MANY));
        assert_eq!(said.len(), 1, "{open}");
    }
    for close in [")", "]", "}"] {
        assert_eq!(parsed(&close.repeat(MANY)).1.len(), 1);
    }
    let crossed = "(".repeat(MANY) + &"]".repeat(MANY);
    assert_eq!(parsed(&crossed).1.len(), 1);
}

#[test]
fn long_sums_powers_and_chains() {
    let sum = vec!["x"; MANY].join(" + ");
    let (ast, said) = parsed(&sum);
    assert_eq!((said.len(), ast.n_nodes()), (0, 2 * MANY - 1));
    assert!(ast.dump_all().ends_with(" x)\n"));
    for operator in ["^", " < ", " and ", ", "] {
        let text = format!("f({})", vec!["x"; MANY].join(operator));
        assert_eq!(parsed(&text).1, [], "{operator}");
    }
}

#[test]
fn many_statements_and_many_mistakes() {
    let (ast, said) = parsed(&"let a = 1\n".repeat(MANY));
    assert_eq!((said.len(), ast.top.len()), (0, MANY));
    let (ast, said) = parsed(&"2x\n".repeat(MANY / 10));
    assert_eq!((said.len(), ast.top.len(), ast.n_nodes()), (MANY / 10, 0, 0));
}

#[test]
fn long_literals_and_strings() {
    let (_, said) = parsed(&format!("let a = {}.5", "9".repeat(MANY)));
    assert_eq!(said, []);
    let (_, said) = parsed(&format!("let a = [{}1]", "0.125, ".repeat(MANY)));
    assert_eq!(said, []);
    assert_eq!(parsed(&format!("print \"{}\"", "a{x}".repeat(MANY / 10))).1, []);
    assert_eq!(parsed(&format!("print \"{}\"", "{".repeat(MANY + 1))).1.len(), 1);
    assert_eq!(parsed(&format!("print \"{}", "a".repeat(MANY))).1.len(), 1);
}

#[test]
fn rubbish() {
    let rubbish = [
        "\0",
        "\u{FEFF}",
        "\r",
        "\u{202E}x",
        "\\",
        "'",
        "\"",
        "\"\\",
        "\"\\\"",
        "∂",
        "∂=",
        "∇",
        "∇²",
        "#",
        "##",
        "\u{1F600}",
        "{",
        "}{",
        "a\0b",
        "\u{1}\u{2}",
        ";;;",
        ",",
        "..",
        ".",
        "print \"{\"",
        "print \"}\"",
        "print \"{{}\"",
        "print \"{\\}\"",
        "let",
        "var ,",
        "\u{0301}",
        "x\u{0301}",
        "print \"{a:\"",
        "print \"{:}\"",
        "let (",
        "∂f/∂x =",
        "to to to",
        "state",
        "- ",
        "\n\n-",
    ];
    for text in rubbish {
        for text in [text.to_owned(), text.repeat(50), format!("let a = {text}\nlet b = 2")] {
            let (ast, _) = parsed(&text);
            ast.dump_all();
            highlight(&text);
            completeness(&text);
        }
    }
    // All prefixes of a text that has everything, cut at characters.
    let text = "## d\nlet f(x = 1) = print \"{a:.3}\" [1, -2; ∇²g] subject to { a: x <= 1 } 'θ₁";
    for (at, _) in text.char_indices() {
        parsed(&text[..at]);
        parsed(&text[at..]);
        completeness(&text[..at]);
    }
}

/// Words in a random order, 20,000 of them: whatever comes is parsed and shown.
#[test]
fn random_words() {
    let words = "x 3 \"a{x:.3}b\" var let fn optimizer if then else for in at and or not minimize \
        compare tune over from subject to using wrt where use seed derive solve check explain plot \
        print state step + - .* / ^ ' == < <= = <- .. . , ; : ∇ ∇² ( ) [ ] { } ** ≤ 3. ∂f= ## \n θ₁";
    let words: Vec<&str> = words.split(' ').filter(|word| !word.is_empty()).collect();
    let mut state = 42u64;
    for _ in 0..1000 {
        let mut text = String::new();
        for _ in 0..20 {
            // Knuth's multiplier; the high bits are good enough to pick a word.
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let pick = (state >> 33) as usize;
            text.push_str(words[pick % words.len()]);
            text.push_str(if pick.is_multiple_of(5) { "" } else { " " });
        }
        let (ast, said) = parsed(&text);
        ast.dump_all();
        completeness(&text);
        let mut sources = SourceMap::new();
        sources.add("random.opt", text);
        render_all(&sources, &said, Style { color: true });
    }
}

#[test]
fn empty_texts_are_complete() {
    for text in ["", "\n", "# so", ";"] {
        assert_eq!(completeness(text), Completeness::Complete);
        assert_eq!(parsed(text).0.top, []);
    }
}

//! Every piece of the language reference parses, and without a warning. `snippets.txt` holds them,
//! separated by lines of `---`.

use super::parsed;
use crate::syntax::{Completeness, completeness};

#[test]
fn every_piece_of_the_reference_parses() {
    for snippet in include_str!("snippets.txt").split("\n---\n") {
        let (ast, said) = parsed(snippet);
        assert_eq!(said, [], "for\n{snippet}");
        assert!(!ast.top.is_empty(), "for\n{snippet}");
        assert!(!ast.dump_all().is_empty());
        assert_eq!(completeness(snippet), Completeness::Complete, "for\n{snippet}");
    }
}

//! What a statement of a script asks for, read from its text.

/// A derivative that a statement asks for.
pub enum Asked<'t> {
    /// All partial derivatives, or that by one unknown.
    Gradient(&'t str),
    /// The Hessian, by all unknowns or by one.
    Hessian(&'t str),
    /// The Jacobian of a column.
    Jacobian(&'t str),
    /// `diff`, by one or two unknowns or entries of them.
    Diff(&'t str, Vec<&'t str>),
}

impl<'t> Asked<'t> {
    /// `grad(E)`, `grad(E).x`, `∇E`, `hess(E)`, `hess(E, x)`, `∇²E`, `jac(r)`, `jac(r, x)`,
    /// `diff(E, x)`, `diff(E, x, y)`; none for any other statement.
    pub fn by(statement: &'t str) -> Option<Asked<'t>> {
        if let Some(of) = statement.strip_prefix("∇²") {
            return operand(of).map(Asked::Hessian);
        }
        if let Some(of) = statement.strip_prefix('∇') {
            return operand(of).map(Asked::Gradient);
        }
        let (args, rest) = call(statement)?;
        let args = top_level(args);
        let one_of = |rest: &str| rest.is_empty() || rest.strip_prefix('.').is_some_and(is_name);
        match (statement.split_once('(')?.0, &args[..]) {
            ("grad", [of]) if one_of(rest) => Some(Asked::Gradient(of)),
            _ if !rest.is_empty() => None,
            ("hess", [of] | [of, _]) => Some(Asked::Hessian(of)),
            ("jac", [of] | [of, _]) => Some(Asked::Jacobian(of)),
            ("diff", [of, by @ ..]) if matches!(by.len(), 1 | 2) => {
                Some(Asked::Diff(of, by.to_vec()))
            }
            _ => None,
        }
    }

    /// What is differentiated.
    pub fn of(&self) -> &'t str {
        match self {
            Asked::Gradient(of) | Asked::Hessian(of) | Asked::Jacobian(of) | Asked::Diff(of, _) => {
                of
            }
        }
    }
}

/// A name or a parenthesis that is all there is.
fn operand(text: &str) -> Option<&str> {
    let is_whole = is_name(text)
        || call(text).is_some_and(|(_, rest)| text.starts_with('(') && rest.is_empty());
    is_whole.then_some(text)
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// What stands in the first parenthesis, and what follows it.
fn call(text: &str) -> Option<(&str, &str)> {
    let open = text.find('(')?;
    let mut depth = 0;
    for (at, c) in text[open..].char_indices() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        if depth == 0 {
            return Some((&text[open + 1..open + at], &text[open + at + 1..]));
        }
    }
    None
}

/// The parts between commas that stand in no bracket.
pub fn top_level(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    parts
}

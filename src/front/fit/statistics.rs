//! What a least-squares fit says about its estimates.
//!
//! ```text
//!      estimate  std. error  95 % from        to
//!   --------------------------------------------
//!   w   3.93241    0.415513    3.09696   4.76785
//!   b  -17.5791     6.75844   -31.1678  -3.99034
//!
//!   residual standard error 15.3796 on 48 degrees of freedom, R squared 0.651079
//!   AIC 419.157, BIC 424.893
//!   correlations: w and b -0.9468
//! ```

use super::words::{counted, listed};
use crate::optim::judge::least_squares::FitStatistics;
use crate::report::number::{human, human_digits};
use crate::report::{Align, TextTable};
use crate::session::Fit;

/// Rows of estimates that are shown.
const MOST_ROWS: usize = 20;
/// Pairs of estimates whose correlation is shown.
const MOST_PAIRS: usize = 3;

/// The table and the lines below it; none where this is no fit, or where there are not enough data to
/// say more than the estimates.
pub fn table(fit: &Fit) -> Option<String> {
    let statistics = fit.statistics.as_ref().filter(|s| s.degrees_of_freedom > 0)?;
    let mut table = TextTable::new([
        ("", Align::Left),
        ("estimate", Align::Decimal),
        ("std. error", Align::Decimal),
        ("95 % from", Align::Decimal),
        ("to", Align::Decimal),
    ]);
    let n = fit.entries.len();
    for k in 0..n.min(MOST_ROWS) {
        table.push_row(row(fit, statistics, k)?);
    }
    let mut text = table.render();
    if n > MOST_ROWS {
        text += &format!("... and {} more\n", n - MOST_ROWS);
    }
    text += &format!("\n{}\n", summary(statistics));
    match (statistics.aic, statistics.bic) {
        (Some(aic), Some(bic)) => {
            text += &format!("AIC {}, BIC {}\n", human_digits(aic, 6), human_digits(bic, 6));
        }
        _ => text += "the data lie on the curve exactly\n",
    }
    if let Some(correlations) = correlations(fit, statistics) {
        text += &format!("correlations: {correlations}\n");
    }
    if !statistics.undetermined.is_empty() {
        text += &format!("{}\n", undetermined(fit, statistics));
    }
    Some(text.lines().map(|line| format!("  {line}").trim_end().to_string() + "\n").collect())
}

fn row(fit: &Fit, statistics: &FitStatistics, k: usize) -> Option<[String; 5]> {
    let (low, high) = statistics.confidence_intervals.get(k)?;
    Some([
        fit.entries.get(k)?.clone(),
        human(*fit.x.get(k)?),
        human(*statistics.standard_errors.get(k)?),
        human(*low),
        human(*high),
    ])
}

/// The correlations of pairs of estimates, strongest first.
fn correlations(fit: &Fit, statistics: &FitStatistics) -> Option<String> {
    let matrix = statistics.correlation();
    let n = matrix.nrows();
    let mut pairs: Vec<(usize, usize)> = (0..n).flat_map(|j| (0..j).map(move |i| (i, j))).collect();
    pairs.retain(|&p| matrix[p].is_finite());
    pairs.sort_by(|&p, &q| matrix[q].abs().total_cmp(&matrix[p].abs()));
    let name = |k: usize| fit.entries.get(k).map_or("", String::as_str);
    let mut shown: Vec<String> = pairs
        .iter()
        .take(MOST_PAIRS)
        .map(|&(i, j)| format!("{} and {} {}", name(i), name(j), human_digits(matrix[(i, j)], 4)))
        .collect();
    if pairs.len() > MOST_PAIRS {
        shown.push("...".to_string());
    }
    (!shown.is_empty()).then(|| shown.join(", "))
}

fn summary(statistics: &FitStatistics) -> String {
    let error = human(statistics.residual_standard_error);
    let freedom = match statistics.degrees_of_freedom {
        1 => "1 degree of freedom".to_string(),
        n => format!("{n} degrees of freedom"),
    };
    let r_squared = match statistics.r_squared {
        Some(r_squared) => format!(", R squared {}", human(r_squared)),
        None => String::new(),
    };
    format!("residual standard error {error} on {freedom}{r_squared}")
}

fn undetermined(fit: &Fit, statistics: &FitStatistics) -> String {
    let names: Vec<&str> = statistics
        .undetermined
        .iter()
        .filter_map(|&k| fit.entries.get(k).map(String::as_str))
        .collect();
    let lost = fit.entries.len().saturating_sub(statistics.rank).max(1);
    format!("the data do not determine {}: {} too many", listed(&names), counted(lost, "parameter"))
}

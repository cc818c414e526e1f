"""Write the Grafana dashboard: `python -m deploy.grafana.generate`.

The JSON is committed, so that Grafana needs no Python; a test holds it against this script.
"""

from itertools import count
from pathlib import Path

from grafana_foundation_sdk.builders.common import (
    StackingConfig,
    VizLegendOptions,
    VizTooltipOptions,
)
from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.builders.dashboard import Row as RowBuilder
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.builders.timeseries import Panel as Timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import (
    LegendDisplayMode,
    LegendPlacement,
    StackingMode,
    TooltipDisplayMode,
)
from grafana_foundation_sdk.models.dashboard import DashboardCursorSync, DataSourceRef

from deploy.grafana.panels import ROWS, Panel

PATH = Path(__file__).parent / "dashboards" / "treewright.json"
_SOURCE = DataSourceRef(type_val="prometheus", uid="prometheus")
_PANEL_WIDTH = 8
_PANEL_HEIGHT = 8


def dashboard() -> str:
    """Return the dashboard as JSON."""
    builder = (
        Dashboard("Treewright")
        .uid("treewright")
        .description("The loop of learner, actors, replay buffer and sandbox pool.")
        .tags(["treewright"])
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .time("now-30m", "now")
        .refresh("10s")
        .readonly()
    )
    ids = count(1)
    for row in ROWS:
        builder.with_row(RowBuilder(row.title).id(next(ids)))
        for panel in row.panels:
            builder.with_panel(_panel(panel).id(next(ids)))
    return JSONEncoder(sort_keys=True, indent=1).encode(builder.build()) + "\n"


def _panel(panel: Panel) -> Timeseries:
    builder = (
        Timeseries()
        .title(panel.title)
        .description(panel.description)
        .datasource(_SOURCE)
        .unit(panel.unit)
        .height(_PANEL_HEIGHT)
        .span(_PANEL_WIDTH)
        .fill_opacity(30 if panel.stacked else 6)
        .axis_soft_min(0)
        .tooltip(VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
        .legend(
            VizLegendOptions()
            .display_mode(LegendDisplayMode.LIST)
            .placement(LegendPlacement.BOTTOM)
            .show_legend(True)
        )
    )
    if panel.stacked:
        builder.stacking(StackingConfig().mode(StackingMode.NORMAL))
    for index, query in enumerate(panel.queries):
        builder.with_target(
            Dataquery()
            .expr(query.expression)
            .legend_format(query.legend)
            .ref_id(chr(ord("A") + index))
        )
    return builder


if __name__ == "__main__":
    PATH.write_text(dashboard(), encoding="utf-8")

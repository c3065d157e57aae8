"""A saved view of MLflow's page of runs: columns, order and charts for a cohort.

By default MLflow shows no tags and no metrics in its table, and ten runs in no order. The view is
listed under "Views" of the experiment. Its format is that of MLflow 3.17's "Save as new view";
earlier versions read the state outside the envelope, and show the columns in an order of their own.
"""

from __future__ import annotations

import json
from typing import Any

from counterpoise.errors import strip_credentials
from counterpoise.tracking.values import CURVE, KIND, KIND_RUN

CURRENT = "counterpoise.current"  # tag of the run that the files hold now
VIEW = "counterpoise"
LOCAL_ADDRESS = "http://127.0.0.1:5000"  # of `counterpoise ui` if the port is free
VIEW_TAG = f"mlflow.sharedViewState.{VIEW}"  # of the experiment

# Columns of the table in their order, and their widths in pixels.
WIDTHS = {
    "tags.`sample`": 120,
    "tags.`resolution`": 90,
    "tags.`method`": 90,
    "tags.`fitness`": 80,
    "tags.`status`": 100,
    "metrics.`contacts`": 100,
    "metrics.`expected_unevenness`": 160,
    "metrics.`final_max_deviation`": 150,
    "tags.`fitness_reason`": 300,
    "tags.`condition`": 100,
    "metrics.`kept_fraction`": 100,
    "metrics.`median_se`": 100,
    "metrics.`iterations`": 80,
    "metrics.`seconds`": 80,
}
# MLflow's names of the columns at the left: check boxes, name of the run, status and date.
FIRST = ["0", "1", "attributes.`Run Name`", "runDateAndNestInfo"]
CHART = {
    "uuid": VIEW,
    "type": "LINE",
    "runsCountToCompare": 20,
    "metricSectionId": CURVE,
    "deleted": False,
    "isGenerated": False,
    "metricKey": CURVE,
    "selectedMetricKeys": [CURVE],
    "lineSmoothness": 0,
    "xAxisScaleType": "linear",
    "scaleType": "linear",
    "xAxisKey": "step",
    "selectedXAxisMetricKey": "",
    "displayPoints": False,
    "yAxisKey": "metric",
    "yAxisExpressions": [],
    "range": {},
}
SECTION = {"display": True, "isReordered": False, "deleted": False, "isGenerated": False}
SECTIONS = [
    {**SECTION, "uuid": CURVE, "name": "convergence", "columns": 1, "cardHeight": 520},
    {**SECTION, "uuid": "metrics", "name": "Model metrics"},
    {**SECTION, "uuid": "system", "name": "System metrics"},
]
STATE: dict[str, Any] = {
    "searchFilter": f"tags.`{CURRENT}` = 'true' and tags.`{KIND}` = '{KIND_RUN}'",
    "orderByKey": "tags.`mlflow.runName`",
    "orderByAsc": True,
    "startTime": "ALL",
    "lifecycleFilter": "Active",
    "datasetsFilter": [],
    "modelVersionFilter": "All Runs",
    "selectedColumns": list(WIDTHS),
    "columnOrder": [*FIRST, *WIDTHS],
    "columnWidths": WIDTHS,
    "runsExpanded": {},
    "runsPinned": [],
    "runsHidden": [],
    "runsVisibilityMap": {},
    "runsHiddenMode": "FIRST_20_RUNS",
    "compareRunCharts": [CHART],
    "compareRunSections": SECTIONS,
    "viewMaximized": False,
    "runListHidden": False,
    "isAccordionReordered": False,
    "useGroupedValuesInCharts": True,
    "hideEmptyCharts": True,
    "groupBy": None,
    "groupsExpanded": {},
    "autoRefreshEnabled": False,
    "globalLineChartConfig": {
        "xAxisKey": "step",
        "lineSmoothness": 0,
        "selectedXAxisMetricKey": "",
    },
}


def saved_view() -> str:
    """Return the view as the experiment's tag ``VIEW_TAG`` stores it.

    Returns
    -------
    str
        JSON, with the state once as text for MLflow 3.17 and once as keys for earlier versions.
    """
    return json.dumps({"name": "Counterpoise", "createdAt": 0, "state": json.dumps(STATE), **STATE})


def page_address(uri: str, experiment: str) -> str:
    """Return the address at which a browser shows the runs of an experiment in this view.

    Parameters
    ----------
    uri : str
        Address of the server.
    experiment : str
        The experiment's id.

    Returns
    -------
    str
        The address without credentials.
    """
    server = strip_credentials(uri).rstrip("/")
    return f"{server}/#/experiments/{experiment}/runs?viewStateShareKey={VIEW}"

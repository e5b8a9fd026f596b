"""The course as nbgrader sees it."""

c = get_config()  # noqa: F821  nbgrader gives it

c.CourseDirectory.course_id = "rnncourse"

c.ClearSolutions.code_stub = {"python": "# your code here\nraise NotImplementedError"}

# seconds for one cell, and for the kernel to start
c.Execute.timeout = 60
c.Execute.startup_timeout = 60
# cells that explore are not graded; that a submission cannot tag a graded cell see to UntagGraded
c.Execute.skip_cells_with_tag = "experiment"
c.OverwriteCells.add_missing_cells = True
c.Autograde.sanitize_preprocessors = [
    "nbgrader.preprocessors.ClearOutput",
    "nbgrader.preprocessors.DeduplicateIds",
    "nbgrader.preprocessors.OverwriteKernelspec",
    "nbgrader.preprocessors.OverwriteCells",
    "rnncourse.grading.untag.UntagGraded",
    "nbgrader.preprocessors.CheckCellMetadata",
]

"""Words of saved views."""

from collections.abc import Mapping

VIEWS: Mapping[str, tuple[str, str]] = {
    "saved_views": ("我的视图", "Saved views"),
    "save_view": ("保存当前筛选…", "Save this filter …"),
    "change_view": ("更改此视图…", "Change this view …"),
    "view_name": ("名称", "Name"),
    "save": ("保存", "Save"),
    "rename": ("改名", "Rename"),
    "remove": ("删除", "Remove"),
    "make_start": ("设为首页", "Begin with it"),
    "no_start": ("不再作为首页", "No longer begin with it"),
    "is_start": ("首页", "start"),
    "problem_view_name": ("视图名称为1至30个字。", "The name of a view has 1 to 30 characters."),
    "problem_view_taken": ("已有同名视图。", "You have a view of this name."),
    "problem_view_many": ("最多保存12个视图，请先删除一个。", "12 views are the most one may have: remove one first."),
    "key_views": ("上一个、下一个列表", "previous, next list"),
    "key_save_view": ("保存当前筛选", "save this filter"),
}  # fmt: skip

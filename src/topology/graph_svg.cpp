// SPDX-License-Identifier: Apache-2.0
// Draws the graph in layers: what stands on something is above it. A long layer takes several rows.
#include <algorithm>

#include "topology/graph_print.h"

namespace tna {
namespace {

constexpr int kWidth = 220, kHeight = 66, kGapX = 24, kGapY = 62, kMargin = 24, kPerRow = 8;

struct Box {
  const Node* node;
  int level = 0;  // 0: lowest
  int row = 0, column = 0;
  int x = 0, y = 0;
};
using Boxes = std::map<IfIndex, Box>;

std::string escaped(const std::string& text) {
  std::string result;
  for (char c : printable(text)) {
    if (c == '&')
      result += "&amp;";
    else if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else if (c == '"')
      result += "&quot;";
    else
      result += c;
  }
  return result;
}

// As much of the text as fits into a box. Cuts between characters, not within one.
std::string shortened(const std::string& text, std::size_t most = 28) {
  if (text.size() <= most) return text;
  std::size_t end = most - 1;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

std::string number(const std::string& name, int value) {
  return " " + name + "=\"" + std::to_string(value) + "\"";
}

// Lifts every box above those that it stands on. A circle ends with the highest level there can be.
void find_levels(const Graph& graph, Boxes& boxes) {
  const int highest = static_cast<int>(boxes.size()) - 1;
  for (bool moved = true; moved;) {
    moved = false;
    for (const Edge& edge : graph.edges) {
      if (edge.stands == "beside") continue;
      const bool up = edge.stands == "above";
      Box& above = boxes.at(up ? edge.from : edge.to);
      const Box& below = boxes.at(up ? edge.to : edge.from);
      if (above.level > below.level || above.level == highest) continue;
      above.level = std::min(below.level + 1, highest);
      moved = true;
    }
  }
}

// Neighbours in a layer are those that belong to the same.
IfIndex family(const Graph& graph, IfIndex ifindex) {
  auto at = std::ranges::lower_bound(graph.edges, ifindex, {}, &Edge::from);
  for (; at != graph.edges.end() && at->from == ifindex; ++at)
    if (at->stands == "below") return at->to;
  return ifindex;
}

// Places the boxes; the picture's width and height.
std::pair<int, int> place(const Graph& graph, Boxes& boxes) {
  std::map<int, std::vector<Box*>, std::greater<>> layers;
  for (auto& [ifindex, box] : boxes) layers[box.level].push_back(&box);
  int row = 0, columns = 1;
  for (auto& [level, layer] : layers) {
    std::ranges::stable_sort(layer, {},
                             [&](const Box* b) { return family(graph, b->node->ifindex); });
    for (std::size_t i = 0; i < layer.size(); ++i) {
      layer[i]->row = row + static_cast<int>(i) / kPerRow;
      layer[i]->column = static_cast<int>(i) % kPerRow;
    }
    columns = std::max(columns, std::min<int>(layer.size(), kPerRow));
    row += (static_cast<int>(layer.size()) + kPerRow - 1) / kPerRow;
  }
  const int width = 2 * kMargin + columns * (kWidth + kGapX) - kGapX;
  for (auto& [level, layer] : layers)
    for (Box* box : layer) {
      const int in_row = std::ranges::count(layer, box->row, &Box::row);
      const int used = in_row * (kWidth + kGapX) - kGapX;
      box->x = (width - used) / 2 + box->column * (kWidth + kGapX);
      box->y = kMargin + box->row * (kHeight + kGapY);
    }
  return {width, 2 * kMargin + std::max(row, 1) * (kHeight + kGapY) - kGapY};
}

std::string text_line(const Box& box, int line, const std::string& style, const std::string& text) {
  return "  <text" + number("x", box.x + 12) + number("y", box.y + 20 + 18 * line) + " class=\"" +
         style + "\">" + escaped(text) + "</text>\n";
}

std::string draw_box(const Box& box, const std::string& note) {
  const Node& node = *box.node;
  const char* state = !node.blockers.empty() ? "slow" : note.empty() ? "plain" : "fast";
  const std::string third = !node.blockers.empty() ? node.blockers.front().reason : note;
  const std::string address = node.text("address");
  std::string title = node.name + ": " + node.type;
  for (const Service& service : node.services)
    title += "\n" + service.name + ": " + service.because;
  for (const Blocker& blocker : node.blockers) title += "\nleft to Linux: " + blocker.reason;
  for (const Note& note : node.notes) title += "\n" + note.text;

  std::string lines;
  for (std::size_t at = 0, end; at <= title.size(); at = end + 1) {
    end = std::min(title.find('\n', at), title.size());
    lines += (at ? "\n" : "") + escaped(title.substr(at, end - at));
  }
  return "<g><title>" + lines + "</title>\n  <rect" + number("x", box.x) + number("y", box.y) +
         number("width", kWidth) + number("height", kHeight) + " rx=\"8\" class=\"" + state +
         (node.up ? "" : " down") + "\"/>\n" + text_line(box, 0, "name", node.name) +
         text_line(box, 1, "",
                   shortened(printable(node.type + (address.empty() ? "" : "  " + address)))) +
         text_line(box, 2, "small", shortened(printable(third), 34)) + "</g>\n";
}

std::string draw_edge(const Edge& edge, const Boxes& boxes) {
  const Box& from = boxes.at(edge.from);
  const Box& to = boxes.at(edge.to);
  const bool beside = edge.stands == "beside";
  const Box& top = from.y < to.y ? from : to;
  const Box& bottom = from.y < to.y ? to : from;
  const int x1 = top.x + kWidth / 2, y1 = top.y + kHeight;
  const int x2 = bottom.x + kWidth / 2;
  const int y2 = top.y == bottom.y ? y1 : bottom.y;  // in one row: an arc beneath the boxes
  const int bend = top.y == bottom.y ? kGapY / 2 : (y2 - y1) / 2;
  const int bend2 = top.y == bottom.y ? y2 + bend : y2 - bend;
  const auto point = [](int x, int y) { return std::to_string(x) + " " + std::to_string(y); };
  return "<path d=\"M" + point(x1, y1) + " C" + point(x1, y1 + bend) + " " + point(x2, bend2) +
         " " + point(x2, y2) + "\"" + (beside ? " class=\"beside\"" : "") + "><title>" +
         escaped(from.node->name + " " + edge.relation + " " + to.node->name) + "</title></path>\n";
}

constexpr const char* kStyle =
    "<style>text{font:13px sans-serif;fill:#333}.name{font-weight:bold;font-size:15px;fill:#111}"
    ".small{font-size:11px;fill:#555}rect{stroke-width:1.5}.plain{fill:#f6f7f9;stroke:#a9b1bd}"
    ".fast{fill:#e2f6e7;stroke:#3c9a5f}.slow{fill:#fff1d9;stroke:#d1922b}.down{stroke-dasharray:5 "
    "4}"
    "path{fill:none;stroke:#8a94a3;stroke-width:1.6}.beside{stroke-dasharray:3 4}</style>\n";

}  // namespace

std::string print_svg(const Graph& graph, const GraphNotes& notes) {
  Boxes boxes;
  for (const auto& [ifindex, node] : graph.nodes) boxes[ifindex] = {&node};
  find_levels(graph, boxes);
  const auto [width, height] = place(graph, boxes);
  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\"" + number("width", width) +
                    number("height", height) + ">\n" + kStyle +
                    "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n";
  for (const Edge& edge : graph.edges)
    if (edge.stands != "beside" || edge.from < edge.to) svg += draw_edge(edge, boxes);
  for (const auto& [ifindex, box] : boxes) {
    const auto note = notes.find(ifindex);
    svg += draw_box(box, note == notes.end() ? "" : note->second);
  }
  return svg + "</svg>\n";
}

}  // namespace tna

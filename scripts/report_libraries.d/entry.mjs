// The parts of the libraries that the report uses; the bundler leaves out the others.
import { FilterModule, FormatModule, InteractionModule, ResizeColumnsModule, ResizeTableModule, SortModule, Tabulator } from "tabulator-tables";
import { BarController, BarElement, CategoryScale, Chart, Legend, LinearScale, Tooltip } from "chart.js";

Tabulator.registerModule([FilterModule, FormatModule, InteractionModule, ResizeColumnsModule, ResizeTableModule, SortModule]);
Chart.register(BarController, BarElement, CategoryScale, LinearScale, Legend, Tooltip);
Object.assign(globalThis, { Chart, Tabulator });
